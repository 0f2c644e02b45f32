import {constants, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {isReadHere, readEntry} from '../../../src/image/build/read-entry.ts';
import type {TarEntry} from '../../../src/image/tar/entry.ts';
import {O_PATH, openHost} from '../../../src/linux/openat2.ts';

const entry = (more: Partial<TarEntry>): TarEntry => ({
  ...{path: 'rootfs/a/b', type: 'file', mode: 0o644, uid: 0, gid: 0, size: 3, linkName: ''},
  ...{mtime: {seconds: 0, nanoseconds: 0}, xattrs: new Map()},
  ...more,
});

/* bsdtar of an ordinary user sees all that the user does. */
test('S05 where bsdtar sees more than the tree, no content of a file comes from it', (t) => {
  t.true(isReadHere(entry({}), {isApart: false}));
  t.true(isReadHere(entry({size: 0}), {isApart: false}));
  t.false(isReadHere(entry({type: 'hardlink'}), {isApart: false}));
  t.false(isReadHere(entry({}), {isApart: true}));
  t.true(isReadHere(entry({size: 2 ** 24}), {isApart: true}));
});

test('S05 a symlink that has come into the path of a file leads nowhere', (t) => {
  const place = mkdtempSync(path.join(tmpdir(), 'rkt-read-entry-'));
  t.teardown(() => rmSync(place, {recursive: true}));
  for (const name of ['secret', 'tree', 'tree/real']) mkdirSync(path.join(place, name));
  for (const name of ['secret/b', 'tree/real/b']) writeFileSync(path.join(place, name), 'abc');
  symlinkSync('../secret', path.join(place, 'tree/a'));
  using tree = openHost(path.join(place, 'tree'), O_PATH | constants.O_DIRECTORY);
  const read = (name: string) => Buffer.concat([...readEntry(tree, entry({path: name}))]).includes('abc');
  t.true(read('rootfs/real/b'));
  for (const name of ['rootfs/a/b', 'rootfs/gone/b'])
    t.throws(() => read(name), {code: 'RKT_IMAGE_BUILD_INVALID', message: /has been changed while it was read/}, name);
});
