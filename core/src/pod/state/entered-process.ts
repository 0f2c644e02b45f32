import {readFileSync} from 'node:fs';
import type {HostPath} from '../../contract/names.ts';
import type {ProcessIdentity} from '../../contract/pod.ts';
import {identify, isAlive} from '../../linux/process-identity.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {readMark} from './read-mark.ts';

/**
 * The process that a stage1 made for rkt wants its `enter` entrypoint to have: by its file `pid`, or the one child of that of its file `ppid`. `undefined` until it has said so. A number that
 * was another process's before the pod was launched is not believed.
 */
export const enteredProcess = (directory: HostPath, supervisor: ProcessIdentity): ProcessIdentity | undefined => {
  const named = numbered(directory, 'pid');
  if (named !== undefined) return ofPod(named, supervisor);
  const parent = numbered(directory, 'ppid');
  const above = parent === undefined ? undefined : ofPod(parent, supervisor);
  if (above === undefined) return undefined;
  const [child, ...others] = childrenOf(above.pid);
  return child === undefined || others.length > 0 ? undefined : ofPod(child, supervisor);
};

const numbered = (directory: HostPath, file: string): number | undefined => {
  const [, digits] = /^(\d{1,10})$/.exec(readMark(directory, file) ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits);
};

const ofPod = (pid: number, {startTime}: ProcessIdentity): ProcessIdentity | undefined => {
  const found = identify(pid);
  return found !== undefined && found.startTime >= startTime && isAlive(found) ? found : undefined;
};

const childrenOf = (pid: number): number[] => {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return [];
    throw error;
  }
};
