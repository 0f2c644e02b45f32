import type {Process} from '../contract/process.ts';
import {syscall} from './libc.ts';
import {SyscallError} from './syscall-error.ts';

/** asm-generic/ioctls.h */
const TCGETS = 0x5401;
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

/** A terminal that a shell shares out among its jobs, of which this process and its group are one. */
export interface JobTerminal {
  readonly fd: number;
  /** The process group of this process. */
  readonly group: number;
  /** Whether the terminal is that group's now. */
  readonly isForeground: boolean;
}

/** The controlling terminal of this process, if it is among its standard streams. */
export const jobTerminal = (): JobTerminal | undefined => {
  const group = syscall('getpgid', [0]);
  for (const fd of [0, 1, 2]) {
    const foreground = Buffer.alloc(4);
    try {
      syscall('ioctl', [fd, TIOCGPGRP, foreground], `fd ${fd}`);
      return {fd, group, isForeground: foreground.readInt32LE() === group};
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
    }
  }
  return undefined;
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
