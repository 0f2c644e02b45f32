import {constants, readFileSync} from 'node:fs';
import {errnoText} from './errno-text.ts';
import {terminalUnreachable} from './errors.ts';
import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {openHost} from './openat2.ts';
import {isErrno} from './syscall-error.ts';
import {foregroundGroup} from './terminal.ts';

/** asm-generic/ioctls.h */
const TIOCNOTTY = 0x5422;
const STREAMS = [0, 1, 2] as const;

/**
 * Opens this process's controlling terminal while the host's /dev/tty can be seen. The function returned gives it up, once the standard streams are those of the program that this process becomes: whoever has one
 * opens it as /dev/tty, whatever the streams are, and reads what is typed at the shell that is there (S30). The process stays in its group, so Ctrl-C still reaches it.
 * It is kept where a stream is that very terminal, and by who leads its session: all others of the session would lose it, and nobody would have its keys.
 * @throws RKT_TERMINAL_UNREACHABLE
 */
export const leavingTerminal = (): (() => void) => {
  const terminal = openControlling();
  return () => {
    if (terminal === undefined || leadsSession() || STREAMS.some(isControlling)) return;
    syscall('ioctl', [terminal.number, TIOCNOTTY], 'terminal');
  };
};

const openControlling = (): Fd | undefined => {
  try {
    return openHost('/dev/tty', constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch (error) {
    // There is none, or nobody is at its other end any more; who has none needs no /dev/tty either.
    if (isErrno(error, 'ENXIO', 'EIO') || !hasControlling()) return undefined;
    const because = isErrno(error, 'EMFILE', 'ENFILE') ? undefined : errnoText(error);
    throw because === undefined ? error : terminalUnreachable(because, error);
  }
};

/** By its number (proc_pid_stat(5)), which a /dev without a name for it does not hide. */
const hasControlling = (): boolean => !/^.*\) \S (?:\S+ ){3}0 /s.test(readFileSync('/proc/self/stat', 'latin1'));

const leadsSession = (): boolean => syscall('getsid', [0]) === process.pid;

const isControlling = (fd: number): boolean => foregroundGroup(fd) !== undefined;
