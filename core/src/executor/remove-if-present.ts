import {removeFile} from '../linux/directory-entry.ts';
import type {Fd} from '../linux/fd.ts';
import {isErrno} from '../linux/syscall-error.ts';

/** Removes what has a name, a symlink itself, so that something new can have it; a directory is EISDIR. */
export const removeIfPresent = (directory: Fd, name: string): void => {
  try {
    removeFile(directory, name);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
};
