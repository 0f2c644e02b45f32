import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {type RawPath, rawPath} from './openat2.ts';
import {isErrno} from './syscall-error.ts';

const SHORT = 256;

/** An extended attribute of a file, of at most so many bytes; `undefined` where it has none of that name. Its name is one character per byte (latin1). */
export const getXattr = (path: RawPath, name: string, longest = SHORT): Buffer | undefined => {
  const value = Buffer.alloc(longest);
  try {
    return value.subarray(
      0,
      syscall('lgetxattr', [rawPath(path), rawPath(Buffer.from(name, 'latin1')), value, longest], path.toString()),
    );
  } catch (error) {
    if (isErrno(error, 'ENODATA', 'ENOTSUP', 'ENOENT', 'ERANGE')) return undefined;
    throw error;
  }
};

/** Gives an open file an extended attribute. */
export const setXattr = (file: Fd, name: string, value: Buffer): void => {
  syscall('fsetxattr', [file.number, rawPath(Buffer.from(name, 'latin1')), value, value.length, 0], file.path);
};

/** The names of a file's extended attributes, sorted, one character per byte; none where the file system has no such thing. */
export const listXattrs = (path: RawPath): string[] => {
  // XATTR_LIST_MAX
  const names = Buffer.alloc(65_536);
  try {
    const length = syscall('llistxattr', [rawPath(path), names, names.length], path.toString());
    return names
      .toString('latin1', 0, length)
      .split('\0')
      .filter((name) => name !== '')
      .sort();
  } catch (error) {
    if (isErrno(error, 'ENOTSUP')) return [];
    throw error;
  }
};
