import {existsSync, readdirSync} from 'node:fs';
import type {HostFacts} from '../../contract/host.ts';
import type {ProcessIdentity} from '../../contract/pod.ts';
import {log} from '../../debug.ts';
import {identityText} from '../../linux/begun-anew.ts';
import {bootId} from '../../linux/boot-id.ts';
import {isPopulated} from '../../linux/cgroup-members.ts';
import {isNamespaceAlive} from '../../linux/pid-namespace.ts';
import {isHidden} from '../../linux/pidfd.ts';
import {isAlive} from '../../linux/process-identity.ts';
import {rootless} from '../../linux/rootless.ts';
import type {Supervisor} from './supervisor.ts';

const debug = log('pod');

type CgroupFacts = HostFacts['cgroup'];

/** How to look for processes. */
export interface Look {
  /** Good for pods that were launched before. Milliseconds since 1970. */
  readonly since: number;
  /** Whether there may be a process of this number. Most pods of a long list have ended, and an error for each costs more than a look. */
  readonly mayExist: (pid: number) => boolean;
  /** Whether a cgroup has processes. */
  readonly hasMembers: (facts: CgroupFacts, path: string) => boolean;
}

const NOW: Look = {
  since: Number.POSITIVE_INFINITY,
  mayExist: (pid) => existsSync(`/proc/${pid}`),
  hasMembers: isPopulated,
};

/**
 * Whether processes of a launched pod exist: its supervisor, the first of its pid namespace, or whatever the supervisor left in the pod's cgroup.
 * Before the launch the lock says so instead; the two overlap, because the process joins the cgroup with the lock in its hand.
 */
export const hasProcesses = (supervisor: Supervisor | undefined, look: Look = NOW): boolean => {
  if (supervisor === undefined || supervisor.boot !== bootId()) return false;
  const {cgroup, first} = supervisor;
  const {mayExist, hasMembers} = supervisor.startedAt < look.since ? look : NOW;
  if ((mayExist(supervisor.pid) && isAlive(supervisor)) || mayBeHidden(supervisor)) return true;
  if (first !== undefined && ((mayExist(first.pid) && isNamespaceAlive(first)) || mayBeHidden(first))) return true;
  if (cgroup === null) return false;
  try {
    return hasMembers(shared(cgroup.facts), cgroup.path);
  } catch (error) {
    // Not to be seen from here. What may be running is not to be taken away.
    debug('the cgroup of process %d: %o', supervisor.pid, error);
    return true;
  }
};

/**
 * One look at many pods: processes are listed once, and when the cgroup above all pods has no processes, none of them has. What has ended
 * by then does not come back.
 */
export const lookAtMany = (): Look => {
  const since = Date.now();
  const processes = new Set(readdirSync('/proc'));
  const above = new Map<string, boolean>();
  return {
    since,
    mayExist: (pid) => processes.has(String(pid)),
    hasMembers: (facts, path) => {
      const [hierarchy] = facts.hierarchies;
      if (hierarchy?.version === 2) {
        const parent = path.slice(0, path.lastIndexOf('/')) || '/';
        const key = `${hierarchy.mountPoint}:${parent}`;
        const populated = above.get(key) ?? isPopulated(facts, parent);
        above.set(key, populated);
        if (!populated) return false;
      }
      return isPopulated(facts, path);
    },
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

/** What an ordinary user who begins anew as root of a user namespace has seen before: which processes of pods have ended. Nobody comes back. */
export const FOUND_OVER = 'RKT_PODS_FOUND_OVER';

/**
 * Root of a user namespace does not see what is in one beside its own where `/proc` hides what nobody may look into (`hidepid`), and has the word of the user, who sees it, that it has
 * ended.
 */
const mayBeHidden = (identity: ProcessIdentity): boolean =>
  process.geteuid?.() === 0 &&
  rootless() !== undefined &&
  isHidden(identity.pid) &&
  !(process.env[FOUND_OVER] ?? '').split(' ').includes(identityText(identity));

/** Of a variable of the environment (linux/binfmts.h), with room. */
const MAX_BYTES = 100_000;

/** Value of {@link FOUND_OVER}. What has no room is found next time. */
export const foundOver = (supervisors: readonly Supervisor[]): string => {
  const look = lookAtMany();
  const over = supervisors.filter((each) => !hasProcesses(each, look));
  const text = over.flatMap(({first, ...each}) => [each, first ?? []].flat().map(identityText)).join(' ');
  return text.length > MAX_BYTES ? text.slice(0, text.lastIndexOf(' ', MAX_BYTES)) : text;
};
