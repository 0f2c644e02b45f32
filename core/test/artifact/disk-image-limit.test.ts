import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {diskImageLimit} from '../../src/artifact/disk-image-limit.ts';
import type {HostPath, ImageId} from '../../src/contract/names.ts';
import {writeInfo} from '../../src/image/info.ts';
import {RATIO_LIMITS, TAR_LIMITS} from '../../src/image/limits.ts';
import {openStore} from '../../src/image/store.ts';

test('S10 a file system image is bounded by the archives of its layers', (t) => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'rkt-disk-image-')) as HostPath;
  t.teardown(() => rmSync(dataDir, {recursive: true}));
  const store = openStore(dataDir);
  const image = (digit: string, size: number): ImageId => {
    const id = `sha512-${digit.repeat(128)}` as ImageId;
    mkdirSync(`${store.images}/${id}`, {recursive: true});
    writeInfo(`${store.images}/${id}`, {
      ...{id, name: 'a', labels: {}, size, archiveSize: 1, compression: 'gzip', importTime: 0},
      ...{source: '', implicitDirectories: false, tarSplit: ''},
    });
    return id;
  };
  const [one, other, gone] = [image('1', 1000), image('2', 20), `sha512-${'3'.repeat(128)}`];
  const tree = (key: string, images: readonly string[]) => {
    mkdirSync(`${store.trees}/${key}`, {recursive: true});
    writeFileSync(`${store.trees}/${key}/info.json`, JSON.stringify({images}));
    return `${store.trees}/${key}/rootfs` as HostPath;
  };
  const layer = (id: string) => `${store.images}/${id}/rootfs` as HostPath;
  const beyond = (...layers: HostPath[]) => diskImageLimit(store, layers) - RATIO_LIMITS.freeBytes;
  t.is(beyond(layer(one)), 8000);
  t.is(beyond(layer(one), layer(other)), 8160);
  t.is(beyond(tree('t', [one, other])), 8160);
  t.is(beyond(tree('g', [one, gone])), 8000 + 8 * TAR_LIMITS.totalBytes);
});
