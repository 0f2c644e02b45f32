import {readdirSync, readFileSync} from 'node:fs';
import {isErrno} from './syscall-error.ts';

/**
 * Milliseconds that the threads of a process, and of the children that it has now and theirs, have waited for a processor (`/proc/PID/schedstat`): what a busy host keeps from it. Zero where the kernel does
 * not count that, and of what has ended.
 */
export const processorWaits = (pid: number): number => {
  const tasks = `/proc/${pid}/task`;
  return ifThere(() => readdirSync(tasks), []).reduce((all, thread) => {
    const waited = Number(read(`${tasks}/${thread}/schedstat`).split(' ')[1] ?? 0) / 1_000_000;
    const children = read(`${tasks}/${thread}/children`).split(' ').filter(Boolean);
    return children.reduce((sum, child) => sum + processorWaits(Number(child)), all + waited);
  }, 0);
};

const read = (file: string): string => ifThere(() => readFileSync(file, 'latin1').trim(), '');

/** A thread may end at any time, and of others' processes not everything is shown to who is not root. */
const ifThere = <T>(look: () => T, otherwise: T): T => {
  try {
    return look();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EPERM', 'EACCES')) return otherwise;
    throw error;
  }
};
