import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {type RawPath, rawPath} from './openat2.ts';

const AT_FDCWD = -100;
/** linux/fs.h */
const RENAME = {replace: 0, noReplace: 1, exchange: 2} as const;

/** Renames an entry of one open directory into another. */
export const renameEntry = (
  from: {directory: Fd; name: RawPath},
  to: {directory: Fd; name: RawPath},
  how: keyof typeof RENAME,
): void => {
  const source = rawPath(from.name);
  const target = rawPath(to.name);
  const flags = RENAME[how];
  syscall('renameat2', [from.directory.number, source, to.directory.number, target, flags], to.name.toString());
};

/** Renames unless the target exists (EEXIST), in one step. */
export const renameNoReplace = (from: string, to: string): void => {
  syscall('renameat2', [AT_FDCWD, from, AT_FDCWD, to, RENAME.noReplace], to);
};

/** Swaps two existing paths in one step. */
export const exchange = (a: string, b: string): void => {
  syscall('renameat2', [AT_FDCWD, a, AT_FDCWD, b, RENAME.exchange], b);
};
