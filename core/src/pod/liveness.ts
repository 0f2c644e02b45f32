import {existsSync} from 'node:fs';
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
export const hasProcesses = (supervisor: Supervisor | undefined, hasMembers: HasMembers = isPopulated): boolean => {
  if (supervisor === undefined || supervisor.boot !== bootId()) return false;
  const {cgroup} = supervisor;
  // Most pods of a long list have ended: an error for each costs more than a look.
  if (existsSync(`/proc/${supervisor.pid}`) && isAlive(supervisor)) return true;
  if (cgroup === null) return false;
  try {
    return hasMembers(shared(cgroup.facts), cgroup.path);
  } catch (error) {
    // Not to be seen from here. What may be running is not to be taken away.
    debug('the cgroup of process %d: %o', supervisor.pid, error);
    return true;
  }
};

type CgroupFacts = HostFacts['cgroup'];
/** Whether a cgroup has processes. */
export type HasMembers = (facts: CgroupFacts, path: string) => boolean;

/**
 * For one look at many pods: when the cgroup above them all has no processes, none of them has. Only to show things, because a pod that is launched
 * and left by its supervisor between two looks is missed.
 */
export const membersAtOnce = (): HasMembers => {
  const above = new Map<string, boolean>();
  return (facts, path) => {
    const [hierarchy] = facts.hierarchies;
    if (hierarchy?.version === 2) {
      const parent = path.slice(0, path.lastIndexOf('/')) || '/';
      const key = `${hierarchy.mountPoint}:${parent}`;
      const populated = above.get(key) ?? isPopulated(facts, parent);
      above.set(key, populated);
      if (!populated) return false;
    }
    return isPopulated(facts, path);
  };
};

const seen = new Map<string, CgroupFacts>();

/** One object for all pods that say the same, because each new one is checked against the kernel. */
const shared = (facts: CgroupFacts): CgroupFacts => {
  const key = facts.hierarchies.map(({mountPoint}) => mountPoint).join('\n');
  const known = seen.get(key) ?? facts;
  seen.set(key, known);
  return known;
};
