import {constants, fstatSync, readSync, type Stats} from 'node:fs';
import type {Fd} from '../linux/fd.ts';
import {naming} from '../linux/naming.ts';
import {openBelow} from '../linux/open-stored.ts';
import {O_PATH, type RawPath} from '../linux/openat2.ts';
import {isErrno, SyscallError} from '../linux/syscall-error.ts';
import type {ImageStore} from './store.ts';

/*
 * Nothing that is read from a store or a tree says what the next path is (S27): below the store's own directory no symlink is followed, whoever put it
 * there, and nothing leads out.
 */

const ENOENT = 2;
const EFBIG = 27;

/** Opens a path below the store. A symlink on the way, or at its end, is ELOOP; at its end it is opened itself with `O_PATH | O_NOFOLLOW`. */
export const openInStore = (store: ImageStore, path: RawPath, flags: number): Fd =>
  openBelow(store.directory, path, flags);

/** Of what is there, itself; `undefined` if nothing is. */
export const statInStore = (store: ImageStore, path: string): Stats | undefined => {
  try {
    using file = openInStore(store, path, O_PATH | constants.O_NOFOLLOW);
    return fstatSync(file.number);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw error;
  }
};

/** The text of a regular file below the store. More than `most` bytes are EFBIG, and anything else than a file is ENOENT. */
export const readInStore = (store: ImageStore, path: string, most: number): string => {
  // To open a fifo would block.
  using file = openInStore(store, path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stats = fstatSync(file.number);
  if (!stats.isFile()) throw new SyscallError('openat2', ENOENT, path);
  if (stats.size > most) throw new SyscallError('read', EFBIG, path);
  const bytes = Buffer.alloc(stats.size);
  let length = 0;
  while (length < bytes.length) {
    const count = naming(file.number, () => readSync(file.number, bytes, length, bytes.length - length, length));
    if (count === 0) break;
    length += count;
  }
  return bytes.toString('utf8', 0, length);
};
