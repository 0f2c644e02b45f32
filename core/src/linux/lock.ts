import {constants} from 'node:fs';
import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {openHost} from './openat2.ts';
import {isErrno} from './syscall-error.ts';

/** sys/file.h */
const FLOCK = {shared: 1, exclusive: 2} as const;
const LOCK_NB = 4;
export type LockKind = keyof typeof FLOCK;

/** Locks an open file or directory by flock(2), or changes the kind of its lock (not atomically); `false` if others hold it and `wait` is not set. */
export const lockFd = (file: Fd, kind: LockKind, {wait = false}: {wait?: boolean} = {}): boolean => {
  for (;;) {
    try {
      syscall('flock', [file.number, FLOCK[kind] | (wait ? 0 : LOCK_NB)], file.path);
      return true;
    } catch (error) {
      if (isErrno(error, 'EAGAIN')) return false;
      if (!isErrno(error, 'EINTR')) throw error;
    }
  }
};

/**
 * Opens and locks a directory; `undefined` if others hold it and `wait` is not set. The lock belongs to the directory wherever it is renamed
 * to, and lasts until every copy of the descriptor is closed: it is close-on-exec. A symlink is ENOTDIR.
 */
export const lockDirectory = (path: string, kind: LockKind, options: {wait?: boolean} = {}): Fd | undefined => {
  const directory = openHost(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    if (lockFd(directory, kind, options)) return directory;
  } catch (error) {
    directory.close();
    throw error;
  }
  directory.close();
  return undefined;
};
