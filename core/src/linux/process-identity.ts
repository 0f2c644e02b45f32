import {readFileSync} from 'node:fs';
import type {ProcessIdentity} from '../contract/pod.ts';
import {isErrno} from './syscall-error.ts';

/** State letter, parent, start time and bytes of memory from the text of /proc/PID/stat; the command's name may hold blanks and parentheses. */
export const parseStat = (text: string): {state: string; parent: number; startTime: number; size: number} => {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    startTime: Number(fields[19]),
    size: Number(fields[20]),
  };
};

const readStat = (pid: number): ReturnType<typeof parseStat> | undefined => {
  const text = read(pid, 'stat');
  return text === undefined ? undefined : parseStat(text);
};

const read = (pid: number, file: 'stat' | 'status'): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch (error) {
    // It is not there, or hidden from this process (`hidepid`): then it is none that this process has started, or is to signal.
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EPERM')) return undefined;
    throw error;
  }
};

/** Whether a process waits for something that no signal ends. */
export const waitsUninterruptibly = (pid: number): boolean => readStat(pid)?.state === 'D';

/** Whether a process has given all its memory back, which is what its end begins with. */
export const hasNoMemory = (pid: number): boolean => readStat(pid)?.size === 0;

/** Number of the parent of a process; `undefined` when it has ended. */
export const parentOf = (pid: number): number | undefined => readStat(pid)?.parent;

/** The number of a process in the pid namespace that it is in, if that is one below ours; `undefined` also when it has ended. */
export const numberInside = (pid: number): number | undefined => {
  const number = /^NSpid:(?:\t\d+)+\t(\d+)$/m.exec(read(pid, 'status') ?? '')?.[1];
  return number === undefined ? undefined : Number(number);
};

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

/**
 * Whether that very process has ended, or is about to: then what /proc shows of it goes, one after the other, while it still counts as alive.
 */
export const isEnding = (identity: ProcessIdentity): boolean => !isAlive(identity) || hasNoMemory(identity.pid);
