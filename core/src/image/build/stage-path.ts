import {chmodSync, lstatSync, mkdirSync, readlinkSync, symlinkSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {imageProgramNotFound} from '../errors.ts';
import {copyFile} from './copy-file.ts';

export const MAX_SYMLINKS = 40;

/** Copies one path of the host with all directories and symlinks that lead to it; returns where it really is. */
export const stagePath = (path: string, target: string, asked: string): string => {
  let current = '/';
  const parts = path.split('/');
  for (let links = 0; parts.length > 0; ) {
    const part = parts.shift() ?? '';
    if (part === '' || part === '.') continue;
    if (part === '..') {
      current = dirname(current);
      continue;
    }
    const next = join(current, part);
    const stats = lstatSync(next, {throwIfNoEntry: false});
    const copy = join(target, next);
    if (stats === undefined || links > MAX_SYMLINKS) throw imageProgramNotFound(asked);
    if (stats.isSymbolicLink()) {
      links++;
      const to = readlinkSync(next);
      if (!isThere(copy)) symlinkSync(to, copy);
      parts.unshift(...to.split('/'));
      if (to.startsWith('/')) current = '/';
      continue;
    }
    current = next;
    if (stats.isDirectory()) {
      if (!isThere(copy)) makeDirectory(copy);
    } else if (!stats.isFile() || !(isThere(copy) || copyFile(next, copy))) throw imageProgramNotFound(asked);
  }
  return current;
};

/** Whatever the umask is. */
export const makeDirectory = (path: string): void => {
  mkdirSync(path);
  chmodSync(path, 0o755);
};

export const isThere = (path: string): boolean => lstatSync(path, {throwIfNoEntry: false}) !== undefined;
