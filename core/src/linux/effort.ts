import {readdirSync, readFileSync} from 'node:fs';
import {isErrno} from './syscall-error.ts';

/** What the threads of a process do, and of the children that it has now and theirs. */
export interface Effort {
  /** Milliseconds that they have had a processor (`/proc/PID/schedstat`); zero where the kernel does not count that. */
  readonly used: number;
  /** Every one waits for somebody else, and neither for a processor nor for a disk. */
  readonly isAsleep: boolean;
}

/** Of what has ended nothing counts. */
export const effortOf = (pid: number): Effort => {
  const tasks = `/proc/${pid}/task`;
  const threads = ifThere(() => readdirSync(tasks), []).map((thread): Effort => {
    const read = (name: string) => ifThere(() => readFileSync(`${tasks}/${thread}/${name}`, 'latin1').trim(), '');
    const [used = 0] = read('schedstat').split(' ').map(Number);
    // After the name, which may have anything in it.
    const state = /^.*\) (.)/s.exec(read('stat'))?.[1] ?? 'X';
    const itself = {used: used / 1_000_000, isAsleep: !'RD'.includes(state)};
    return sum([itself, ...read('children').split(' ').filter(Boolean).map(Number).map(effortOf)]);
  });
  return sum(threads);
};

const sum = (all: readonly Effort[]): Effort => ({
  used: all.reduce((total, {used}) => total + used, 0),
  isAsleep: all.every(({isAsleep}) => isAsleep),
});

/** A thread may end at any time, and of others' processes not everything is shown to who is not root. */
const ifThere = <T>(look: () => T, otherwise: T): T => {
  try {
    return look();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EPERM', 'EACCES')) return otherwise;
    throw error;
  }
};
