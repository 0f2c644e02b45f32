import {chmodSync, copyFileSync, fstatSync} from 'node:fs';
import {O_PATH, openHost} from '../../linux/openat2.ts';

/**
 * Copies a file of a tree that its owner may be changing: a symlink that has come into the path meanwhile leads nowhere (S05). Set-user-ID bits do not come along.
 * @param from without a symlink
 * @returns whether it is a regular file, and no other is copied
 */
export const copyFile = (from: string, to: string): boolean => {
  using file = openHost(from, O_PATH, {noSymlinks: true});
  const stats = fstatSync(file.number);
  if (!stats.isFile()) return false;
  copyFileSync(file.path, to);
  chmodSync(to, stats.mode & 0o755);
  return true;
};
