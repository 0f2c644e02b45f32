import {mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {buildDiskImage} from '../../../src/artifact/build-disk-image.ts';
import {diskImageFiles, diskImagesDirectory} from '../../../src/artifact/disk-images.ts';
import type {HostPath} from '../../../src/contract/index.ts';

testIf(lacks('root', 'program/mkfs.erofs'))(
  'two that make the same image at once: the one that was there first stays, which somebody may be about to mount',
  async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'rkt-disk-image-'));
    t.teardown(() => rmSync(directory, {recursive: true}));
    const [data, layer] = [path.join(directory, 'data'), path.join(directory, 'layer')] as [HostPath, HostPath];
    for (const place of [data, layer]) mkdirSync(place);
    writeFileSync(path.join(layer, 'file'), 'x');
    const image = path.join(diskImagesDirectory(data), diskImageFiles('key').image);
    await buildDiskImage(data, [layer], 'key');
    const first = statSync(image).ino;
    await buildDiskImage(data, [layer], 'key');
    t.is(statSync(image).ino, first);
    t.true(statSync(image).size > 0);
  },
);
