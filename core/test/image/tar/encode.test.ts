import test from 'ava';
import {END, encodeEntry, paddingOf} from '../../../src/image/tar/encode.ts';
import type {TarEntry} from '../../../src/image/tar/entry.ts';
import {createTarScanner} from '../../../src/image/tar/scan.ts';
import {storedBytes} from '../../../src/image/tar/sparse.ts';
import {directory, file, manifest} from '../../kernel/image/support/tar.ts';

const base: TarEntry = {
  path: 'rootfs/x',
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: {seconds: 0, nanoseconds: 0},
  linkName: '',
  xattrs: new Map(),
};

const roundTrip = (entry: TarEntry): TarEntry | undefined => {
  const found: TarEntry[] = [];
  const scanner = createTarScanner({entry: (seen) => found.push(seen)});
  const content = Buffer.concat([Buffer.alloc(storedBytes(entry)), paddingOf(entry)]);
  const target = file('rootfs/target');
  scanner.push(
    Buffer.concat([file('manifest', manifest()), directory('rootfs'), target, encodeEntry(entry), content, END]),
  );
  scanner.end();
  return found[3];
};

const CASES: Readonly<Record<string, Partial<TarEntry>>> = {
  plain: {},
  content: {size: 1000},
  'all modes': {mode: 0o7777},
  'large owners': {uid: 2 ** 32 - 2, gid: 2097152},
  'largest short owner': {uid: 0o7777777},
  'name of 100': {path: 'rootfs/'.padEnd(100, 'n')},
  'name of 101': {path: 'rootfs/'.padEnd(101, 'n')},
  'directory of 100': {type: 'directory', path: 'rootfs/'.padEnd(100, 'n')},
  'long name': {path: `rootfs/${'long/'.repeat(50)}x`},
  'name that is not UTF-8': {path: 'rootfs/\xff\xfe'},
  'long name that is not UTF-8': {path: `rootfs/\xff${'x'.repeat(150)}`},
  'long UTF-8': {path: Buffer.from(`rootfs/${'ü'.repeat(100)}`).toString('latin1')},
  symlink: {type: 'symlink', linkName: '../x'},
  'long symlink': {type: 'symlink', linkName: 'y'.repeat(3000)},
  'hard link': {type: 'hardlink', linkName: 'rootfs/target', linkType: 'file'},
  fifo: {type: 'fifo'},
  device: {type: 'char', device: {major: 1, minor: 3}},
  'a hole': {size: 2 ** 40, pieces: []},
  'holes before, between and behind': {
    size: 5000,
    pieces: [
      {offset: 1000, size: 600},
      {offset: 4000, size: 1},
    ],
  },
  'holes in a long name that is not UTF-8': {
    path: `rootfs/\xff${'x'.repeat(150)}`,
    size: 9,
    pieces: [{offset: 8, size: 1}],
  },
  'more pieces than a block of the map holds': {
    size: 10_000,
    pieces: Array.from({length: 500}, (_, index) => ({offset: 20 * index, size: 7})),
  },
  fraction: {mtime: {seconds: 17, nanoseconds: 5}},
  'before 1970': {mtime: {seconds: -5, nanoseconds: 0}},
  'far future': {mtime: {seconds: 2 ** 33, nanoseconds: 0}},
  xattrs: {
    xattrs: new Map([
      ['user.a', Buffer.alloc(0)],
      ['user.b', Buffer.from([0, 10, 255])],
    ]),
  },
  'S27 names of xattrs that tools spell in several ways': {
    xattrs: new Map(
      ['user. ', 'user.%41', 'user.A', 'user.a', 'user.a\n', 'user.a=b', 'user.\xff'].map((name, index) => [
        name,
        Buffer.alloc(index, index),
      ]),
    ),
  },
};

for (const [title, fields] of Object.entries(CASES)) {
  test(`IM-04 what is written is read again: ${title}`, (t) => {
    const entry = {...base, ...fields};
    t.deepEqual(roundTrip(entry), entry);
  });
}

test('the order of xattrs makes no difference', (t) => {
  const pairs: [string, Buffer][] = [
    ['user.b', Buffer.from('1')],
    ['user.a', Buffer.from('2')],
  ];
  t.deepEqual(
    encodeEntry({...base, xattrs: new Map(pairs)}),
    encodeEntry({...base, xattrs: new Map(pairs.toReversed())}),
  );
});
