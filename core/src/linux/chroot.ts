import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';

/** Makes an open directory the root and working directory of this thread. */
export const chroot = (directory: Fd): void => {
  syscall('fchdir', [directory.number], directory.path);
  syscall('chroot', ['.'], directory.path);
};
