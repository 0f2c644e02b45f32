import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import type {HostPath} from '../../../src/contract/names.ts';
import type {TarEntry} from '../../../src/image/tar/entry.ts';
import {archiveTree} from '../../../src/pod/compose/archive-tree.ts';

const passwd = (size: number): TarEntry => ({
  path: 'rootfs/etc/passwd',
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size,
  mtime: {seconds: 0, nanoseconds: 0},
  linkName: '',
  xattrs: new Map(),
});

const text = (value: string): Buffer => Buffer.from(value);

test('S27 plan reads of a file of names what run reads of it, holes at its end too', (t) => {
  const {hooks, tree} = archiveTree();
  const entry = passwd(8);
  hooks.entry?.(entry);
  hooks.payload?.(text('ab'), entry, 1);
  hooks.payload?.(text('c'), entry, 4);
  t.is(tree.read('/etc/passwd', 100), '\0ab\0c\0\0\0');
  t.is(tree.read('/etc/passwd', 3), '\0ab');
});

// Each piece used to copy all that came before it.
test('S10 a file of names that comes in a million pieces is read', (t) => {
  const {hooks, tree} = archiveTree();
  const pieces = 1_000_000;
  const entry = passwd(4 * pieces);
  hooks.entry?.(entry);
  for (let piece = 0; piece < pieces; piece++) hooks.payload?.(text('x'), entry, 4 * piece);
  t.is(tree.read('/etc/passwd', 9), 'x\0\0\0x\0\0\0x');
});

const entry = (place: string, type: TarEntry['type'], linkName = ''): TarEntry => ({
  ...passwd(0),
  path: place,
  type,
  linkName,
  uid: 7,
});

test('what is beside the root file system in an archive is not in it', (t) => {
  const {hooks, tree} = archiveTree();
  hooks.entry?.(entry('manifest', 'file'));
  hooks.entry?.(entry('rootfs', 'directory'));
  t.false(tree.has('/manifest'));
  t.is(tree.owner('/manifest'), undefined);
  t.is(tree.directory('/')?.uid, 7);
});

test('a further name of a file is that file', (t) => {
  const {hooks, tree} = archiveTree();
  const file = {...passwd(1), path: 'rootfs/usr/lib/passwd'};
  hooks.entry?.(file);
  hooks.payload?.(text('x'), file, 0);
  hooks.entry?.(entry('rootfs/etc/passwd', 'hardlink', 'rootfs/usr/lib/passwd'));
  t.is(tree.read('/etc/passwd', 100), 'x');
  t.is(tree.owner('/etc/passwd')?.uid, 0);
});

test('EX-03 an archive that is only read lies over what it depends on, and what it has hides that', (t) => {
  const lower = mkdtempSync(path.join(tmpdir(), 'rkt-archive-tree-'));
  t.teardown(() => rmSync(lower, {recursive: true}));
  for (const directory of ['etc', 'usr', 'opt/etc']) mkdirSync(path.join(lower, directory), {recursive: true});
  for (const file of ['etc/passwd', 'usr/group', 'opt/etc/passwd', 'etc/shells'])
    writeFileSync(path.join(lower, file), file);
  symlinkSync('../usr/group', path.join(lower, 'etc/group'));
  const {hooks, over} = archiveTree();
  const file = passwd(5);
  hooks.entry?.(file);
  hooks.payload?.(text('upper'), file, 0);
  hooks.entry?.(entry('rootfs/opt', 'file'));
  hooks.entry?.(entry('rootfs/lib', 'symlink', 'etc'));
  hooks.entry?.(entry('rootfs/usr', 'directory'));
  const tree = over([lower as HostPath]);
  t.is(tree.read('/etc/passwd', 100), 'upper');
  t.is(tree.read('/etc/group', 100), 'usr/group');
  t.is(tree.read('/lib/shells', 100), 'etc/shells');
  t.is(tree.read('/opt/etc/passwd', 100), undefined);
  t.deepEqual([tree.has('/opt/etc/passwd'), tree.has('/etc/shells')], [false, true]);
  t.is(tree.directory('/usr')?.uid, 7);
  t.is(tree.directory('/etc')?.uid, process.getuid?.());
  t.is(tree.directory('/opt'), undefined);
});
