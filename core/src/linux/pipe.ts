import {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {O_CLOEXEC} from './openat2.ts';
import {isErrno} from './syscall-error.ts';

/** linux/fcntl.h */
const F_SETPIPE_SZ = 1031;

/** A pipe, both ends close-on-exec. `bytes` is how much it should hold (default: the kernel's 64 KiB); less if the kernel will not have it. */
export const pipe = ({bytes}: {bytes?: number} = {}): {read: Fd; write: Fd} => {
  const ends = Buffer.alloc(8);
  syscall('pipe2', [ends, O_CLOEXEC], 'pipe');
  const made = {read: new Fd(ends.readInt32LE(0)), write: new Fd(ends.readInt32LE(4))};
  if (bytes === undefined) return made;
  try {
    syscall('fcntl', [made.write.number, F_SETPIPE_SZ, bytes], 'pipe');
  } catch (error) {
    if (!isErrno(error, 'EPERM', 'EBUSY')) throw error;
  }
  return made;
};
