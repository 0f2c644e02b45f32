import {syscall} from './libc.ts';
import {isErrno} from './syscall-error.ts';

/** poll(2) */
export const POLLIN = 1;
export const POLLOUT = 4;

const ENTRY = 8;

/**
 * Blocks until something can be done with one of the descriptors, or has happened to it, at most `milliseconds`.
 * @param wanted POLLIN, POLLOUT or both
 * @returns for each whether it is so
 */
export const poll = (
  descriptors: readonly {readonly fd: number; readonly wanted: number}[],
  milliseconds: number,
): boolean[] => {
  const entries = Buffer.alloc(ENTRY * descriptors.length);
  descriptors.forEach(({fd, wanted}, index) => {
    entries.writeInt32LE(fd, ENTRY * index);
    entries.writeInt16LE(wanted, ENTRY * index + 4);
  });
  const timeout = Buffer.alloc(16);
  timeout.writeBigInt64LE(BigInt(Math.floor(milliseconds / 1000)), 0);
  timeout.writeBigInt64LE(BigInt(Math.floor(milliseconds % 1000) * 1_000_000), 8);
  for (;;) {
    try {
      syscall('ppoll', [entries, descriptors.length, timeout, null, 0], 'poll');
      return descriptors.map((_, index) => entries.readInt16LE(ENTRY * index + 6) !== 0);
    } catch (error) {
      // Linux updates the timeout to what is left.
      if (!isErrno(error, 'EINTR')) throw error;
    }
  }
};
