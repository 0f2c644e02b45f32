import type {HostPath} from '../contract/names.ts';
import {syscall} from './libc.ts';
import {isErrno} from './syscall-error.ts';

const LONGEST = 256;

/** A short extended attribute of a file; `undefined` where it has none of that name. */
export const getXattr = (path: HostPath, name: string): Buffer | undefined => {
  const value = Buffer.alloc(LONGEST);
  try {
    return value.subarray(0, syscall('lgetxattr', [path, name, value, LONGEST], path));
  } catch (error) {
    if (isErrno(error, 'ENODATA', 'ENOTSUP', 'ENOENT')) return undefined;
    throw error;
  }
};
