import test from 'ava';
import * as z from 'zod/mini';
import {appName, hostPath, imageId, podPath, rootfsPath, uuid} from '../../src/contract/index.ts';

const cases: readonly [string, z.ZodMiniType, readonly string[], readonly string[]][] = [
  [
    'TY-02 app name',
    appName,
    ['a', 'reduce-worker', '0'],
    ['', '-a', 'a-', 'A', 'a_b', 'a--b', 'a/b', 'a\n', `${'a'.repeat(65)}`],
  ],
  [
    'TY-05 image ID',
    imageId,
    [`sha512-${'0a'.repeat(64)}`],
    [
      `sha512-${'0A'.repeat(64)}`,
      `sha512-${'0a'.repeat(63)}`,
      `sha256-${'0a'.repeat(32)}`,
      `sha512-${'0a'.repeat(64)}\n`,
    ],
  ],
  ['path of the host', hostPath, ['/', '/srv/data'], ['', 'srv', './x', '/a\0b', `/${'a'.repeat(4096)}`]],
  ['path of a rootfs', rootfsPath, ['/', '/a/../b', '/a\nb'], ['', 'a', '/a\0b']],
  [
    'path of a pod',
    podPath,
    ['a', 'a/b', '..a/b..', 'a/.b'],
    ['', '/a', '..', 'a/..', '../a', 'a/../b', '.', 'a/./b', 'a\0b'],
  ],
  [
    'uuid',
    uuid,
    ['6733c088-a507-4694-aabf-0123456789ab'],
    [
      '6733C088-A507-4694-AABF-0123456789AB',
      '6733c088a5074694aabf0123456789ab',
      '../6733c088-a507-4694-aabf-0123456789',
    ],
  ],
];
for (const [what, schema, good, bad] of cases) {
  test(`${what}: what is accepted and what is refused`, (t) => {
    for (const value of good) t.true(z.safeParse(schema, value).success, JSON.stringify(value));
    for (const value of bad) t.false(z.safeParse(schema, value).success, JSON.stringify(value));
  });
}
