import {cgroupPath} from '../../linux/cgroups.ts';
import {oomKills} from '../../linux/oom-kills.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {RktError} from '../../rkt-error.ts';
import type {PodEntry} from './load.ts';
import {readStored} from './stored.ts';
import {bootId} from './supervisor.ts';

/**
 * How many processes of a pod the kernel has killed for want of memory, as its cgroup tells until it is removed with the pod. `undefined` if nobody knows: the pod was not launched since the host was started, or its
 * limits are not its cgroup's own.
 */
export const readOomKills = ({path, supervisor}: Pick<PodEntry, 'path' | 'supervisor'>): number | undefined => {
  if (supervisor === undefined || supervisor.boot !== bootId()) return undefined;
  const [pod, facts] = [whole(() => readStored(path, 'frozen')), whole(() => readStored(path, 'facts'))];
  if (pod === undefined || facts === undefined) return undefined;
  return oomKills(facts.cgroup, cgroupPath(facts.cgroup, pod.cgroup));
};

/** What is damaged is for others to tell, and what is root's for root to know. */
const whole = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (error instanceof RktError || isErrno(error, 'EACCES')) return undefined;
    throw error;
  }
};
