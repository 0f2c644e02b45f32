import {mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {buildDiskImage} from '../../../src/artifact/build-disk-image.ts';
import {diskImageFiles, diskImagesDirectory} from '../../../src/artifact/disk-images.ts';
import type {HostPath} from '../../../src/contract/index.ts';

const MOST = 2 ** 24;

testIf(lacks('root', 'program/mkfs.erofs'))(
  'two that make the same image at once: the one that was there first stays, which somebody may be about to mount',
  async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'rkt-disk-image-'));
    t.teardown(() => rmSync(directory, {recursive: true}));
    const [data, layer] = [path.join(directory, 'data'), path.join(directory, 'layer')] as [HostPath, HostPath];
    for (const place of [data, layer]) mkdirSync(place);
    writeFileSync(path.join(layer, 'file'), 'x');
    const image = path.join(diskImagesDirectory(data), diskImageFiles('key').image);
    await buildDiskImage(data, [layer], 'key', MOST);
    const first = statSync(image).ino;
    await buildDiskImage(data, [layer], 'key', MOST);
    t.is(statSync(image).ino, first);
    t.true(statSync(image).size > 0);
  },
);

testIf(lacks('root', 'program/mkfs.erofs'))('a name that mkfs.erofs would cut off is told', async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-disk-image-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  const [data, layer] = [path.join(directory, 'data'), path.join(directory, 'layer')] as [HostPath, HostPath];
  for (const place of [data, path.join(layer, 'sub')]) mkdirSync(place, {recursive: true});
  const name = 'é'.repeat(127);
  writeFileSync(path.join(layer, 'sub', name), '');
  await buildDiskImage(data, [layer], 'key', MOST);
  writeFileSync(path.join(layer, 'sub', `${name}x`), '');
  const error = await t.throwsAsync(buildDiskImage(data, [layer], 'other', MOST));
  t.like(error, {code: 'RKT_DISK_IMAGE_NAME_TOO_LONG'});
  t.deepEqual(readdirSync(diskImagesDirectory(data)).sort(), ['key.erofs', 'key.json']);
});

testIf(lacks('root', 'program/mkfs.erofs'))('S10 no image is made of holes out of proportion', async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-disk-image-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  const [data, layer] = [path.join(directory, 'data'), path.join(directory, 'layer')] as [HostPath, HostPath];
  for (const place of [data, layer]) mkdirSync(place);
  writeFileSync(path.join(layer, 'hole'), '');
  truncateSync(path.join(layer, 'hole'), 2 ** 40);
  const error = await t.throwsAsync(buildDiskImage(data, [layer], 'key', MOST));
  t.like(error, {code: 'RKT_DISK_IMAGE_TOO_LARGE', fields: {most: MOST}});
  t.deepEqual(readdirSync(diskImagesDirectory(data)), []);
});
