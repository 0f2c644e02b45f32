import {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {O_CLOEXEC} from './openat2.ts';

/** A pipe, both ends close-on-exec. */
export const pipe = (): {read: Fd; write: Fd} => {
  const ends = Buffer.alloc(8);
  syscall('pipe2', [ends, O_CLOEXEC], 'pipe');
  return {read: new Fd(ends.readInt32LE(0)), write: new Fd(ends.readInt32LE(4))};
};
