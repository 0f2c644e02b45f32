import type {HostFacts} from '../contract/host.ts';
import {log} from '../debug.ts';
import {isPopulated} from '../linux/cgroups.ts';
import {isAlive} from '../linux/process-identity.ts';
import {bootId, type Supervisor} from './supervisor.ts';

const debug = log('pod');

/**
 * Whether processes of a launched pod exist: its supervisor, or whatever the supervisor left in the pod's cgroup.
 * Before the launch the lock says so instead; the two overlap, because the process joins the cgroup with the lock in its hand.
 */
export const hasProcesses = (supervisor: Supervisor | undefined): boolean => {
  if (supervisor === undefined || supervisor.boot !== bootId()) return false;
  const {cgroup} = supervisor;
  if (isAlive(supervisor)) return true;
  if (cgroup === null) return false;
  try {
    return isPopulated(shared(cgroup.facts), cgroup.path);
  } catch (error) {
    // Not to be seen from here. What may be running is not to be taken away.
    debug('the cgroup of process %d: %o', supervisor.pid, error);
    return true;
  }
};

type CgroupFacts = HostFacts['cgroup'];
const seen = new Map<string, CgroupFacts>();

/** One object for all pods that say the same, because each new one is checked against the kernel. */
const shared = (facts: CgroupFacts): CgroupFacts => {
  const key = facts.hierarchies.map(({mountPoint}) => mountPoint).join('\n');
  const known = seen.get(key) ?? facts;
  seen.set(key, known);
  return known;
};
