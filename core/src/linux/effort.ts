import {readdirSync, readFileSync} from 'node:fs';
import {isErrno} from './syscall-error.ts';

/** What the threads of a process do, and of the children that it has now and theirs. */
export interface Effort {
  /** Milliseconds that they have had a processor (`/proc/PID/schedstat`); zero where the kernel does not count that. */
  readonly used: number;
  /** Every one waits for somebody else, and neither for a processor nor for a disk. */
  readonly isAsleep: boolean;
}

/** Threads that are looked at: whoever is looked at decides how many there are, and how deep. */
const MOST = 256;

/** Of what has ended nothing counts. Of more than 256 threads the first count, and they are not asleep. */
export const effortOf = (pid: number): Effort => {
  const pids = [pid];
  let [used, isAsleep, looked] = [0, true, 0];
  for (const each of pids) {
    const tasks = `/proc/${each}/task`;
    for (const thread of ifThere(() => readdirSync(tasks), [])) {
      if (looked++ === MOST) return {used, isAsleep: false};
      const read = (name: string) => ifThere(() => readFileSync(`${tasks}/${thread}/${name}`, 'latin1').trim(), '');
      const [nanoseconds = 0] = read('schedstat').split(' ').map(Number);
      used += nanoseconds / 1_000_000;
      // After the name, which may have anything in it.
      const state = /^.*\) (.)/s.exec(read('stat'))?.[1] ?? 'X';
      isAsleep &&= !'RD'.includes(state);
      for (const child of read('children').split(' ').filter(Boolean)) pids.push(Number(child));
    }
  }
  return {used, isAsleep};
};

/** A thread may end at any time, and of others' processes not everything is shown to who is not root. */
const ifThere = <T>(look: () => T, otherwise: T): T => {
  try {
    return look();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EPERM', 'EACCES')) return otherwise;
    throw error;
  }
};
