import {isNonBlocking, keepOnExec, setNonBlocking} from './fd-flags.ts';
import {getRlimit, setRlimit} from './rlimits.ts';
import {resetSignals} from './signals.ts';
import {isErrno} from './syscall-error.ts';

/** The soft limit of open files of what rkt starts, as the kernel has it for its first process: Node raises its own to the hard one. */
export const SOFT_NOFILE = 1024;
const STDIO = [0, 1, 2] as const;

const remembered = new Map<number, boolean>();

/** Notes how standard input, output and error were opened. To be called before anything uses Node's streams. */
export const rememberStdio = (): void => {
  for (const fd of STDIO) {
    try {
      remembered.set(fd, isNonBlocking(fd));
    } catch (error) {
      if (!isErrno(error, 'EBADF')) throw error;
    }
  }
};

/** Puts back the signals and the soft limit of open files that Node changed in this process. Needs /proc. */
export const restoreProcess = (): void => {
  resetSignals();
  const {hard} = getRlimit('nofile');
  setRlimit('nofile', {soft: Math.min(SOFT_NOFILE, hard ?? SOFT_NOFILE), hard});
};

/** Leaves standard input, output and error open across execve, in the modes they had. After the last output. */
export const restoreStdio = (): void => {
  for (const fd of STDIO) {
    keepOnExec(fd);
    const nonBlocking = remembered.get(fd);
    if (nonBlocking !== undefined && nonBlocking !== isNonBlocking(fd)) setNonBlocking(fd, nonBlocking);
  }
};
