import {readFileSync} from 'node:fs';
import type {HostPath} from '../../contract/names.ts';
import type {ProcessIdentity} from '../../contract/pod.ts';
import {processesOf} from '../../linux/cgroup-members.ts';
import {identify, isAlive, parentOf} from '../../linux/process-identity.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {readMark} from './read-mark.ts';
import type {Supervisor} from './supervisor.ts';

type Launched = Pick<Supervisor, 'pid' | 'startTime' | 'cgroup'>;

/**
 * The process that a stage1 made for rkt wants its `enter` entrypoint to have: by its file `pid`, or the one child of that of its file `ppid`. `undefined` until it has said so. A number is
 * another process's when its own has ended: none is believed but of what descends from the supervisor, or is in the pod's cgroup, and no older than that (S20).
 */
export const enteredProcess = (directory: HostPath, supervisor: Launched): ProcessIdentity | undefined => {
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

const ofPod = (pid: number, supervisor: Launched): ProcessIdentity | undefined => {
  const found = identify(pid);
  const isIts = found !== undefined && found.startTime >= supervisor.startTime && isAlive(found);
  return isIts && (descends(pid, supervisor.pid) || isMember(pid, supervisor)) ? found : undefined;
};

const descends = (pid: number, ancestor: number): boolean => {
  if (pid === ancestor) return true;
  const parent = parentOf(pid);
  return parent !== undefined && parent > 0 && descends(parent, ancestor);
};

const isMember = (pid: number, {cgroup}: Launched): boolean =>
  cgroup !== null && processesOf(cgroup.facts, cgroup.path).includes(pid);

const childrenOf = (pid: number): number[] => {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return [];
    throw error;
  }
};
