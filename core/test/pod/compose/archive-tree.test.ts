import test from 'ava';
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
