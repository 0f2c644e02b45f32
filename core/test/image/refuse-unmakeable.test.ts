import test from 'ava';
import {refuseUnmakeable} from '../../src/image/refuse-unmakeable.ts';
import type {TarEntry} from '../../src/image/tar/entry.ts';

const entry = (changes: Partial<TarEntry> = {}): TarEntry => ({
  path: 'rootfs/file',
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: {seconds: 0, nanoseconds: 0},
  linkName: '',
  xattrs: new Map(),
  ...changes,
});
const own = {users: 10, groups: 1, changesGroups: false};

test('what a user has is taken, and everything for root of the host', (t) => {
  t.notThrows(() => refuseUnmakeable(entry({uid: 9}), own));
  for (const changes of [{uid: 10}, {gid: 1}, {type: 'char'}] as const)
    t.notThrows(() => refuseUnmakeable(entry(changes), undefined));
});

test('an owner that there is not is refused, and named', (t) => {
  const user = t.throws(() => refuseUnmakeable(entry({uid: 10}), own));
  t.like(user, {code: 'RKT_IMAGE_OWNER_MISSING', fields: {path: 'rootfs/file', kind: 'user', id: 10, count: 10}});
  const group = t.throws(() => refuseUnmakeable(entry({gid: 1}), own));
  t.like(group, {code: 'RKT_IMAGE_OWNER_MISSING', fields: {kind: 'group', id: 1, count: 1}});
});

test('a device is refused, by its further names, too', (t) => {
  for (const changes of [{type: 'char'}, {type: 'block'}, {type: 'hardlink', linkType: 'char'}] as const)
    t.like(
      t.throws(() => refuseUnmakeable(entry(changes), own)),
      {code: 'RKT_IMAGE_DEVICE_ROOTLESS'},
    );
});
