import {mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import test from 'ava';
import {collectDiskImages} from '../../src/artifact/collect-disk-images.ts';
import {diskImagesDirectory} from '../../src/artifact/disk-images.ts';
import {openStore} from '../../src/image/store.ts';
import {scratch} from '../pod/helpers.ts';

test('S20 images of layers that are gone are removed; what is being written is no image', (t) => {
  const dataDir = scratch(t);
  const directory = diskImagesDirectory(dataDir);
  mkdirSync(directory, {recursive: true});
  const write = (name: string, content = '') => writeFileSync(`${directory}/${name}`, content);
  for (const [key, layer] of [
    ['1a', `${dataDir}/gone`],
    ['2b', dataDir],
  ] as const) {
    write(`${key}.json`, JSON.stringify([layer]));
    write(`${key}.erofs`);
  }
  const written = `.3c.json.${process.pid}-a1b2`;
  write(written);
  t.deepEqual(collectDiskImages(openStore(dataDir)), ['1a']);
  t.deepEqual(readdirSync(directory).sort(), [written, '2b.erofs', '2b.json'].sort());
});
