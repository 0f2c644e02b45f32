import {syscall} from './libc.ts';
import {SyscallError} from './syscall-error.ts';

/** asm-generic/ioctls.h */
const TCGETS = 0x5401;
/** Room for `struct termios` of either architecture. */
const TERMIOS_BYTES = 64;
const STDIO = [0, 1, 2] as const;

/** Whether standard input, output or error is a terminal. */
export const hasTerminal = (): boolean => STDIO.some(isTerminal);

const isTerminal = (fd: number): boolean => {
  try {
    syscall('ioctl', [fd, TCGETS, Buffer.alloc(TERMIOS_BYTES)], `fd ${fd}`);
    return true;
  } catch (error) {
    if (error instanceof SyscallError) return false;
    throw error;
  }
};
