import test from 'ava';
import {createListing, firstDifference} from '../../src/image/listing.ts';
import type {TarEntry} from '../../src/image/tar/entry.ts';

const entry = (path: string, more: Partial<TarEntry> = {}): TarEntry => ({
  path,
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: {seconds: 0, nanoseconds: 0},
  linkName: '',
  xattrs: new Map(),
  ...more,
});
const directory = (path: string) => entry(path, {type: 'directory', mode: 0o755});
const link = (path: string, linkName: string) => entry(path, {type: 'hardlink', linkName, linkType: 'file'});

const listed = (...entries: readonly TarEntry[]) => {
  const listing = createListing();
  for (const one of entries) listing.add(one);
  return listing.paths();
};

test('names of one file are told from those of two, whichever of them comes first', (t) => {
  const wanted = listed(entry('rootfs/b'), link('rootfs/a', 'rootfs/b'), link('rootfs/c', 'rootfs/a'));
  const same = listed(entry('rootfs/a'), link('rootfs/c', 'rootfs/a'), link('rootfs/b', 'rootfs/c'));
  t.is(firstDifference(wanted, same), undefined);
  const others = [
    listed(entry('rootfs/a'), entry('rootfs/b'), entry('rootfs/c')),
    listed(entry('rootfs/b'), link('rootfs/a', 'rootfs/b'), entry('rootfs/c')),
    listed(entry('rootfs/b'), entry('rootfs/a'), link('rootfs/c', 'rootfs/a')),
  ];
  for (const other of others) t.regex(firstDifference(wanted, other) ?? '', /has other properties/);
});

test('of a device each name is one of its own, as bsdtar has it', (t) => {
  const device = {type: 'char', device: {major: 1, minor: 3}} as const;
  const wanted = listed(entry('rootfs/a', device), {...link('rootfs/b', 'rootfs/a'), linkType: 'char'});
  t.is(firstDifference(wanted, listed(entry('rootfs/a', device), entry('rootfs/b', device))), undefined);
});

test('a directory that is only implied may be there, as one that nobody has described', (t) => {
  const wanted = listed(directory('rootfs'), entry('rootfs/a/b/c'));
  const found = (...more: readonly TarEntry[]) => listed(directory('rootfs'), entry('rootfs/a/b/c'), ...more);
  t.is(firstDifference(wanted, found(directory('rootfs/a'), directory('rootfs/a/b'))), undefined);
  t.is(firstDifference(wanted, found(directory('rootfs/a/b/d'))), 'rootfs/a/b/d is not in its archive');
  t.is(firstDifference(wanted, found({...directory('rootfs/a'), uid: 1})), 'rootfs/a is not in its archive');
  t.is(firstDifference(wanted, found(entry('rootfs/a/b'))), 'rootfs/a/b is not in its archive');
  t.is(firstDifference(wanted, listed(directory('rootfs'))), 'rootfs/a/b/c is missing');
});

test('S10 what a name of a file is compared by does not grow with the number of its names', (t) => {
  const longest = (count: number) =>
    Math.max(
      ...listed(
        entry('rootfs/0000'),
        ...Array.from({length: count}, (_, index) =>
          link(`rootfs/${String(index + 1).padStart(4, '0')}`, 'rootfs/0000'),
        ),
      )
        .values()
        .map((text) => text.length),
    );
  t.is(longest(1000), longest(1));
});

test('S10 the paths of an archive are not looked through for each directory that is only implied', (t) => {
  class Counted extends Map<string, string> {
    looks = 0;
    override keys() {
      this.looks++;
      return super.keys();
    }
  }
  const names = Array.from({length: 100}, (_, index) => `rootfs/${index}`);
  const wanted = new Counted(listed(...names.map((name) => entry(`${name}/file`))));
  const found = listed(directory('rootfs'), ...names.flatMap((name) => [directory(name), entry(`${name}/file`)]));
  t.is(firstDifference(wanted, found), undefined);
  t.true(wanted.looks <= 1);
});
