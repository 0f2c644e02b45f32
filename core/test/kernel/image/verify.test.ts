import {execFileSync} from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import type {ImageId} from '../../../src/contract/names.ts';
import {exportImage} from '../../../src/image/export.ts';
import {type ImageStore, imageDirectory} from '../../../src/image/store.ts';
import {verifyImage} from '../../../src/image/verify.ts';
import {codeOf, importBytes, testStore} from './support/store.ts';
import {device, directory, fifo, file, hardlink, image, pax, symlink} from './support/tar.ts';

const needs = lacks('root', 'program/bsdtar');

const archive = image(
  directory('rootfs/d', {mode: 0o750}),
  file('rootfs/d/f', 'content', {mode: 0o644, uid: 5, gid: 6}),
  hardlink('rootfs/d/g', 'rootfs/d/f'),
  file('rootfs/d/other', 'content'),
  symlink('rootfs/l', 'd/f'),
  symlink('rootfs/s', 'd/f'),
  hardlink('rootfs/s2', 'rootfs/s'),
  fifo('rootfs/p'),
  device('rootfs/null', '3', 1, 3),
  pax({'SCHILY.xattr.security.capability': Buffer.from('0100000200040000000000000000000000000000', 'hex')}),
  file('rootfs/ping', 'x', {mode: 0o755}),
);

const files = (directory: string): string[] =>
  readdirSync(directory, {withFileTypes: true}).flatMap((entry) => {
    const full = path.join(directory, entry.name);
    if (entry.isDirectory()) return files(full);
    return entry.isFile() ? [full] : [];
  });

testIf(needs)('S12 a flipped byte is found in every file of an image', async (t) => {
  const {store, remove} = testStore();
  try {
    const id = await importBytes(store, archive);
    t.is(await codeOf(verifyImage(store, id)), undefined);
    const all = files(imageDirectory(store, id)).filter((name) => lstatSync(name).size > 0);
    t.true(all.length >= 7);
    for (const name of all) {
      const {atime, mtime} = lstatSync(name);
      const content = readFileSync(name);
      // Every byte would take minutes; the first, the last and some between.
      const places = [0, content.length - 1, ...[1, 2, 3, 4].map((part) => Math.floor((content.length * part) / 5))];
      for (const place of new Set(places)) {
        const flipped = Buffer.from(content);
        flipped[place] = (flipped[place] ?? 0) ^ 1;
        writeFileSync(name, flipped);
        utimesSync(name, atime, mtime);
        t.is(await codeOf(verifyImage(store, id)), 'RKT_IMAGE_DAMAGED', `${name} at ${place}`);
      }
      writeFileSync(name, content);
      utimesSync(name, atime, mtime);
    }
    // Writing took the capability away, which is found, too.
    t.is(await codeOf(verifyImage(store, id)), 'RKT_IMAGE_DAMAGED');
  } finally {
    remove();
  }
});

/** Changes that leave every content as it is. */
const CHANGES: Readonly<Record<string, (rootfs: string) => void>> = {
  'mode of a file': (rootfs) => chmodSync(`${rootfs}/d/f`, 0o4755),
  'mode of a directory': (rootfs) => chmodSync(`${rootfs}/d`, 0o777),
  owner: (rootfs) => chownSync(`${rootfs}/d/other`, 1, 0),
  group: (rootfs) => chownSync(`${rootfs}/d/other`, 0, 1),
  'time of a file': (rootfs) => utimesSync(`${rootfs}/d/f`, 1, 1),
  'time of a directory': (rootfs) => utimesSync(`${rootfs}/d`, 1, 1),
  'target of a symlink': (rootfs) => {
    rmSync(`${rootfs}/l`);
    symlinkSync('d/g', `${rootfs}/l`);
  },
  'one more file': (rootfs) => {
    const {mtime} = lstatSync(`${rootfs}/d`);
    writeFileSync(`${rootfs}/d/more`, '');
    utimesSync(`${rootfs}/d`, mtime, mtime);
  },
  'one file less': (rootfs) => rmSync(`${rootfs}/null`),
  'a device becomes a file': (rootfs) => {
    rmSync(`${rootfs}/null`);
    writeFileSync(`${rootfs}/null`, '');
  },
  'a hard link becomes a copy': (rootfs) => {
    const {mtime} = lstatSync(`${rootfs}/d/f`);
    const parent = lstatSync(`${rootfs}/d`).mtime;
    rmSync(`${rootfs}/d/g`);
    writeFileSync(`${rootfs}/d/g`, 'content', {mode: 0o644});
    chownSync(`${rootfs}/d/g`, 5, 6);
    utimesSync(`${rootfs}/d/g`, mtime, mtime);
    utimesSync(`${rootfs}/d`, parent, parent);
  },
  'a copy becomes a hard link': (rootfs) => {
    const parent = lstatSync(`${rootfs}/d`).mtime;
    rmSync(`${rootfs}/d/other`);
    linkSync(`${rootfs}/d/f`, `${rootfs}/d/other`);
    utimesSync(`${rootfs}/d`, parent, parent);
  },
  'a further name of a symlink becomes another symlink': (rootfs) => {
    const {mtimeMs} = lstatSync(`${rootfs}/s2`);
    const parent = lstatSync(rootfs).mtime;
    rmSync(`${rootfs}/s2`);
    symlinkSync('d/f', `${rootfs}/s2`);
    lutimesSync(`${rootfs}/s2`, mtimeMs / 1000, mtimeMs / 1000);
    utimesSync(rootfs, parent, parent);
  },
  'a device that no image may have': (rootfs) => void execFileSync('mknod', [`${rootfs}/sda`, 'b', '8', '0']),
  'a directory becomes a symlink': (rootfs) => {
    renameSync(`${rootfs}/d`, `${rootfs}/e`);
    symlinkSync('e', `${rootfs}/d`);
  },
  'others may enter': (rootfs) => chmodSync(path.dirname(rootfs), 0o755),
  'no manifest': (rootfs) => rmSync(`${path.dirname(rootfs)}/manifest`),
  'no rest of the archive': (rootfs) => rmSync(`${path.dirname(rootfs)}/tar-split.zst`),
};

for (const [title, change] of Object.entries(CHANGES)) {
  testIf(needs)(`S12 verification finds: ${title}`, async (t) => {
    const {store, remove} = testStore();
    try {
      const id = await importBytes(store, archive);
      change(path.join(imageDirectory(store, id), 'rootfs'));
      t.is(await codeOf(verifyImage(store, id)), 'RKT_IMAGE_DAMAGED');
    } finally {
      remove();
    }
  });
}

testIf(needs)('S12 a damaged image is not exported', async (t) => {
  const {directory: base, store, remove} = testStore();
  const attempt = (id: ImageId, to: ImageStore) => codeOf(exportImage(to, id, path.join(base, 'out.aci')));
  try {
    const id = await importBytes(store, archive);
    writeFileSync(path.join(imageDirectory(store, id), 'rootfs/d/f'), 'CONTENT');
    t.is(await attempt(id, store), 'RKT_IMAGE_DAMAGED');
    writeFileSync(path.join(imageDirectory(store, id), 'rootfs/d/f'), 'short');
    t.is(await attempt(id, store), 'RKT_IMAGE_DAMAGED');
    rmSync(path.join(imageDirectory(store, id), 'rootfs/d'), {recursive: true});
    mkdirSync(path.join(base, 'elsewhere'));
    writeFileSync(path.join(base, 'elsewhere/f'), 'content');
    symlinkSync(path.join(base, 'elsewhere'), path.join(imageDirectory(store, id), 'rootfs/d'));
    t.is(await attempt(id, store), 'RKT_IMAGE_DAMAGED', 'a symlink is not followed out of the image');
    t.deepEqual(readdirSync(base).sort(), ['data', 'decoy', 'elsewhere']);
  } finally {
    remove();
  }
});
