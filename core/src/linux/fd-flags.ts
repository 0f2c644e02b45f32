import {syscall} from './libc.ts';
import {isErrno} from './syscall-error.ts';

/** linux/fcntl.h */
const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const FD_CLOEXEC = 1;
const O_NONBLOCK = 0o4000;
const CLOSE_RANGE_CLOEXEC = 4;

/** What the open file was opened with. */
export const openFlags = (fd: number): number => syscall('fcntl', [fd, F_GETFL], `fd ${fd}`);

/** Whether the open file, shared with everyone who has a copy of the descriptor, is in non-blocking mode. */
export const isNonBlocking = (fd: number): boolean => (syscall('fcntl', [fd, F_GETFL], `fd ${fd}`) & O_NONBLOCK) !== 0;

/** Changes the mode of the open file, not of this descriptor alone. */
export const setNonBlocking = (fd: number, on: boolean): void => {
  const flags = syscall('fcntl', [fd, F_GETFL], `fd ${fd}`);
  syscall('fcntl', [fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK], `fd ${fd}`);
};

/** Leaves a descriptor open across execve. EBADF if it is not open. */
export const keepOnExec = (fd: number): void => {
  syscall('fcntl', [fd, F_SETFD, 0], `fd ${fd}`);
};

/** Closes a descriptor at the next execve. EBADF if it is not open. */
export const closeOnExec = (fd: number): void => {
  syscall('fcntl', [fd, F_SETFD, FD_CLOEXEC], `fd ${fd}`);
};

/** Closes every descriptor from `first` on at the next execve (Linux 5.11). Whatever opens one later sets close-on-exec itself. */
export const closeOnExecFrom = (first: number): void => {
  syscall('close_range', [first, 0xffff_ffff, CLOSE_RANGE_CLOEXEC], `fd ${first}`);
};

/** The number that a program which takes this one's place gets for the first file that it opens. Standard input, output and error are open. */
export const firstFreeAfterExec = (): number => {
  for (let fd = 3; ; fd++) if (!staysOpen(fd)) return fd;
};

const staysOpen = (fd: number): boolean => {
  try {
    return (syscall('fcntl', [fd, F_GETFD], `fd ${fd}`) & FD_CLOEXEC) === 0;
  } catch (error) {
    if (isErrno(error, 'EBADF')) return false;
    throw error;
  }
};

/** Another descriptor of the same open file, closed by execve; never one of standard input, output and error. */
export const duplicate = (fd: number): number => syscall('fcntl', [fd, F_DUPFD_CLOEXEC, 3], `fd ${fd}`);

/** Makes `fd` a descriptor of the open file that `by` is one of; it stays open across execve. */
export const replaceDescriptor = (fd: number, by: number): void => {
  syscall('dup3', [by, fd, 0], `fd ${fd}`);
};
