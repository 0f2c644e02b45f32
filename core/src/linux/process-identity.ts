import {readFileSync} from 'node:fs';
import type {ProcessIdentity} from '../contract/pod.ts';
import {isErrno} from './syscall-error.ts';

/** State letter and start time from the text of /proc/PID/stat; the command's name may hold blanks and parentheses. */
export const parseStat = (text: string): {state: string; parent: number; startTime: number} => {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {state: fields[0] ?? '', parent: Number(fields[1]), startTime: Number(fields[19])};
};

const readStat = (pid: number): ReturnType<typeof parseStat> | undefined => {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
};

/** Whether a process waits for something that no signal ends. */
export const waitsUninterruptibly = (pid: number): boolean => readStat(pid)?.state === 'D';

/** Number of the parent of a process; `undefined` when it has ended. */
export const parentOf = (pid: number): number | undefined => readStat(pid)?.parent;

/** The process that has this number now, or `undefined`. */
export const identify = (pid: number): ProcessIdentity | undefined => {
  const stat = readStat(pid);
  return stat && {pid, startTime: stat.startTime};
};

/** Whether that very process still runs; one that has ended and only waits for its parent does not. */
export const isAlive = ({pid, startTime}: ProcessIdentity): boolean => {
  const stat = readStat(pid);
  return stat !== undefined && stat.startTime === startTime && stat.state !== 'Z' && stat.state !== 'X';
};
