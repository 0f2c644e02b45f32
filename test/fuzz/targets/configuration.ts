import {deepStrictEqual} from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {type Config, KIND_DIRECTORIES, type Kind} from '../../../core/src/config/config.ts';
import {readLayer} from '../../../core/src/config/read-layer.ts';
import {render} from '../../../core/src/config/render.ts';
import {mutateJson} from '../mutate.ts';
import type {Target} from '../target.ts';

const v1 = {rktVersion: 'v1'};
const SEEDS: readonly {readonly rktKind: Kind; readonly [field: string]: unknown}[] = [
  {
    ...v1,
    rktKind: 'auth',
    domains: ['a.example', 'b.example:8443'],
    type: 'basic',
    credentials: {user: 'u', password: 'p'},
  },
  {...v1, rktKind: 'auth', domains: ['c.example'], type: 'oauth', credentials: {token: 't'}},
  {
    ...v1,
    rktKind: 'auth',
    domains: ['d.example'],
    type: 'aws',
    credentials: {accessKeyID: 'i', secretAccessKey: 's', awsRegion: 'r'},
  },
  {...v1, rktKind: 'dockerAuth', registries: ['r.example'], credentials: {user: 'u', password: 'p'}},
  {...v1, rktKind: 'paths', data: '/var/lib/rkt', 'stage1-images': '/usr/lib/rkt'},
  {...v1, rktKind: 'stage1', name: 'coreos.com/rkt/stage1-fly', version: '1.30.0', location: '/s.aci'},
  {...v1, rktKind: 'stage1', flavor: 'nspawn'},
];

/** Configuration files: what is accepted is the same after `rkt config` has written it and it has been read again. */
export const configuration: Target = {
  name: 'configuration',
  run(random) {
    const directory = mkdtempSync(path.join(tmpdir(), 'rkt-fuzz-'));
    try {
      const save = (name: string, kind: Kind, content: Buffer | string): string => {
        const place = path.join(directory, KIND_DIRECTORIES[kind]);
        mkdirSync(place, {recursive: true});
        writeFileSync(path.join(place, `${name}.json`), content);
        return path.join(place, `${name}.json`);
      };
      const files = random
        .list(3, () => random.pick(SEEDS))
        .map((seed, index) => save(`${index}`, seed.rktKind, mutateJson(seed, random)));
      const config = readLayer(files);
      deepStrictEqual(again(config, save), config);
    } finally {
      rmSync(directory, {recursive: true});
    }
  },
};

const again = (config: Config, save: (name: string, kind: Kind, content: string) => string): Config => {
  // one entry of each kind at least, and each has its kind
  const documents = render(config, {showSecrets: true}).stage0 as {rktKind: Kind}[];
  return readLayer(
    documents.map((document, index) => save(`again-${index}`, document.rktKind, JSON.stringify(document))),
  );
};
