import test from 'ava';
import {outermostBelow, outermostBeside} from '../../src/linux/detach-below.ts';
import {parseMountinfo} from '../../src/linux/mountinfo.ts';

const TEXT = `22 27 0:21 / /proc rw,relatime - proc proc rw
63 43 0:39 /sub\\040dir /mnt/a\\040b\\011c\\134d\\012e\\043 ro,nosuid shared:7 master:2 - overlay over\\040lay rw,lowerdir=/a\\134:b:/c
64 43 0:40 / /mnt/plain rw - tmpfs  rw
`;

test('a line of mountinfo is taken apart, optional fields included', (t) => {
  t.deepEqual(parseMountinfo(TEXT)[1], {
    id: 63,
    parent: 43,
    device: '0:39',
    root: '/sub dir',
    mountPoint: '/mnt/a b\tc\\d\ne#',
    options: ['ro', 'nosuid'],
    propagation: ['shared:7', 'master:2'],
    type: 'overlay',
    source: 'over lay',
    superOptions: ['rw', 'lowerdir=/a\\:b:/c'],
  });
});

test('a private mount has no propagation, and a source may be empty', (t) => {
  const entries = parseMountinfo(TEXT);
  t.is(entries.length, 3);
  t.deepEqual(entries[0]?.propagation, []);
  t.is(entries[2]?.source, '');
  t.deepEqual(entries[2]?.superOptions, ['rw']);
});

test('what is no line of mountinfo is refused', (t) => {
  t.throws(() => parseMountinfo('1 2 0:3 / /mnt rw no separator\n'));
});

test('of the mounts below a directory, only the outermost are detached', (t) => {
  const mounts = ['/', '/pod', '/pod/r', '/pod/r', '/pod/r/proc', '/pod/volumes/a', '/podx/r', '/pod/r-2'].map(
    (mountPoint) => ({...parseMountinfo('1 0 0:1 / / rw - tmpfs tmpfs rw')[0], mountPoint}),
  );
  t.deepEqual(outermostBelow(mounts as ReturnType<typeof parseMountinfo>, '/pod'), [
    '/pod/r',
    '/pod/r',
    '/pod/volumes/a',
    '/pod/r-2',
  ]);
});

test('mounts beside some paths are neither at, above nor below one of them', (t) => {
  const mounts = [
    '/',
    '/usr',
    '/usr/local',
    '/data',
    '/data/pods',
    '/data/pods/1/r',
    '/data/podium',
    '/mnt',
    '/mnt',
    '/mnt/a',
  ].map((mountPoint) => ({...parseMountinfo('1 0 0:1 / / rw - tmpfs tmpfs rw')[0], mountPoint}));
  t.deepEqual(outermostBeside(mounts as ReturnType<typeof parseMountinfo>, ['/data/pods/1', '/usr/lib']), [
    '/usr/local',
    '/data/podium',
    '/mnt',
    '/mnt',
  ]);
});
