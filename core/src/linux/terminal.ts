import type {Process} from '../contract/process.ts';
import {syscall} from './libc.ts';
import {SyscallError} from './syscall-error.ts';

/** asm-generic/ioctls.h */
const TCGETS = 0x5401;
export const TIOCSCTTY = 0x540e;
const TIOCGPGRP = 0x540f;
export const TIOCSPGRP = 0x5410;
/** Room for `struct termios` of either architecture. */
const TERMIOS_BYTES = 64;
const VARIABLE = 'TERM';

const STREAMS = ['stdin', 'stdout', 'stderr'] as const;

/** Which of standard input, output and error are terminals. */
export const terminals = (): (typeof STREAMS)[number][] => STREAMS.filter((_, fd) => isTerminal(fd));

export const hasTerminal = (): boolean => terminals().length > 0;

/** A terminal that somebody types at, and its kind (terminfo(5)) if it is known. */
export interface Terminal {
  readonly kind?: string;
}

const KIND = /^[A-Za-z0-9][A-Za-z0-9+._-]{0,63}$/;

/** The terminal of this process's caller; `undefined` where its input comes from elsewhere. */
export const callersTerminal = (): Terminal | undefined => (isTerminal(0) ? kindOf(process.env.TERM) : undefined);

const kindOf = (kind = ''): Terminal => (KIND.test(kind) ? {kind} : {});

/** These variables on a terminal. Which kind it is, they say better if they do. */
export const onTerminal = (env: Process['env'], {kind}: Terminal = {}): Process['env'] =>
  kind === undefined || env.some(({name}) => name === VARIABLE) ? env : [...env, {name: VARIABLE, value: kind}];

/** Whether the shell that shares out this terminal has given it to the process group of this process; so it is where nobody does. */
export const isForeground = (fd: number): boolean => {
  const group = foregroundGroup(fd);
  return group === undefined || group === syscall('getpgid', [0]);
};

/** Whether a shell has given this terminal to the process group of this process. */
export const isForegroundJob = (fd: number): boolean => foregroundGroup(fd) === syscall('getpgid', [0]);

/** The process group that a terminal is for now. `undefined` if it is neither the controlling terminal of this process, nor the other end of a pseudo terminal. */
export const foregroundGroup = (fd: number): number | undefined => {
  const group = Buffer.alloc(4);
  try {
    syscall('ioctl', [fd, TIOCGPGRP, group], `fd ${fd}`);
    return group.readInt32LE();
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
};

export const isTerminal = (fd: number): boolean => {
  try {
    syscall('ioctl', [fd, TCGETS, Buffer.alloc(TERMIOS_BYTES)], `fd ${fd}`);
    return true;
  } catch (error) {
    if (error instanceof SyscallError) return false;
    throw error;
  }
};
