import {readFileSync, statSync} from 'node:fs';
import {isErrno} from '../../linux/syscall-error.ts';

/**
 * Whether a process has got as far as the root directory of its app: what supervises apps in a pid namespace starts each as a child of its own, in its own
 * root directory, and gives it the app's before it becomes the app. `false` also when it has ended.
 */
export const hasOwnRoot = (pid: number): boolean => {
  try {
    const init = initOf(pid);
    if (init === undefined || init === pid) return true;
    const [own, above] = [statSync(`/proc/${pid}/root`), statSync(`/proc/${init}/root`)];
    return own.dev !== above.dev || own.ino !== above.ino;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return false;
    throw error;
  }
};

/** The first process of a pid namespace that is not ours, among a process and those above it. */
const initOf = (pid: number): number | undefined => {
  for (let current = pid; current > 1; ) {
    const status = readFileSync(`/proc/${current}/status`, 'latin1');
    if (/^NSpid:\t\d+(?:\t\d+)*\t1$/m.test(status)) return current;
    current = Number(/^PPid:\t(\d+)$/m.exec(status)?.[1] ?? 0);
  }
  return undefined;
};
