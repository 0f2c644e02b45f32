import {isNonBlocking, keepOnExec, setNonBlocking} from './fd-flags.ts';
import {getRlimit, setRlimit} from './rlimits.ts';
import {resetSignals} from './signals.ts';
import {isErrno} from './syscall-error.ts';

/** The soft limit of open files that rkt's caller had: Node raises its own at start, so the launcher passes it on. */
const NOFILE_VARIABLE = 'RKT_NOFILE_SOFT';
const NOFILE_DEFAULT = 1024;
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

/** The soft limit of open files to put back, from the launcher's variable: absent or not a number is 1024; never above the hard limit. */
export const softNofile = (variable: string | undefined, hard: number | null): number | null => {
  if (variable === 'unlimited') return hard;
  const soft = variable !== undefined && /^\d{1,15}$/.test(variable) ? Number(variable) : NOFILE_DEFAULT;
  return hard === null ? soft : Math.min(soft, hard);
};

/** Puts back the signals and the soft limit of open files that Node changed in this process. Needs /proc. */
export const restoreProcess = (): void => {
  resetSignals();
  const {hard} = getRlimit('nofile');
  setRlimit('nofile', {soft: softNofile(process.env[NOFILE_VARIABLE], hard), hard});
};

/** Leaves standard input, output and error open across execve, in the modes they had. After the last output. */
export const restoreStdio = (): void => {
  for (const fd of STDIO) {
    keepOnExec(fd);
    const nonBlocking = remembered.get(fd);
    if (nonBlocking !== undefined && nonBlocking !== isNonBlocking(fd)) setNonBlocking(fd, nonBlocking);
  }
};
