import {deepStrictEqual} from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {checkPodManifest} from '../../../core/src/appc/check-pod-manifest.ts';
import {parseJson} from '../../../core/src/appc/json.ts';
import {parseImageManifest} from '../../../core/src/appc/parse-image-manifest.ts';
import {serialize} from '../../../core/src/appc/serialize.ts';
import {mutateJson} from '../mutate.ts';
import type {Target} from '../target.ts';

const samples = path.resolve(import.meta.dirname, '../../../core/test/appc/samples');
const sample = (name: string): unknown => JSON.parse(readFileSync(path.join(samples, `${name}.json`), 'utf8'));

/** What `readPodManifest` does with JSON. */
const parsePodManifest = (bytes: Uint8Array) => checkPodManifest(parseJson(bytes));

/** Manifests of one kind: what is accepted is the same after it has been written and read again. */
const manifestTarget = (name: string, parse: typeof parseImageManifest | typeof parsePodManifest): Target => {
  const seeds = [sample(`${name}-full`), sample(`${name}-nulls`)];
  return {
    name: `${name} manifest`,
    run(random) {
      const manifest = parse(mutateJson(random.pick(seeds), random));
      deepStrictEqual(parse(Buffer.from(serialize(manifest))), manifest);
    },
  };
};

export const imageManifest = manifestTarget('image', parseImageManifest);
export const podManifest = manifestTarget('pod', parsePodManifest);
