import type {HostFacts} from '../../contract/host.ts';
import type {IsolatorMap, IsolatorName} from '../../contract/isolators.ts';
import type {HostRequirement} from '../../contract/support.ts';

/** The first version in which files can still be moved between directories. */
const LANDLOCK = 2;

const ALL_IDS = {users: Number.POSITIVE_INFINITY, groups: Number.POSITIVE_INFINITY, changesGroups: true};

/** Why this host does not meet a requirement, with what would help; `undefined` when it does. */
export const unmet = (requirement: HostRequirement, host: HostFacts): string | undefined => {
  const [kind = '', ...rest] = requirement.split('/');
  // A program may be named by its path.
  const name = rest.join('/');
  switch (kind) {
    case 'cgroup':
      // The same controller by its name in v1.
      return host.cgroup.controllers.includes(name) || (name === 'io' && host.cgroup.controllers.includes('blkio'))
        ? undefined
        : host.rootless !== undefined && host.cgroup.mode === 'none'
          ? 'an ordinary user has no cgroups, and so no limits of them: these take root (--rlimit limits each process)'
          : `this host has no usable ${name} cgroup controller (mode ${host.cgroup.mode})`;
    case 'capability':
      return host.capabilities.some((capability) => capability === name) ? undefined : `rkt runs without ${name} here`;
    case 'program':
      return host.programs[name] ? undefined : `${name} is not installed`;
    case 'built-with': {
      const [program = '', feature = ''] = rest;
      return host.programs[program]?.features?.includes(feature)
        ? undefined
        : `${program} does not say that it has been built with ${feature} here`;
    }
    case 'filesystem':
      return host.filesystems.includes(name) ? undefined : `this kernel has no ${name}`;
    case 'lsm':
      return (name === 'selinux' ? host.lsm.selinux : host.lsm.apparmor)
        ? undefined
        : `${name} is not active on this host`;
    case 'device-policy':
      return host.cgroup.devicePolicy === undefined
        ? 'this host can limit devices neither by programs of cgroup v2 nor by the controller of v1'
        : undefined;
    case 'landlock':
      return (host.lsm.landlock ?? 0) >= LANDLOCK
        ? undefined
        : 'this kernel has no Landlock (Linux 5.19, and "landlock" among the lsm= of its command line)';
    case 'seccomp':
      return host.seccomp ? undefined : 'this kernel has no seccomp filters';
    case 'user-namespaces':
      return host.userNamespaces ? undefined : 'user namespaces are switched off on this host';
    case 'root':
      return host.rootless === undefined
        ? undefined
        : 'it needs root of the host, and rkt runs as an ordinary user here';
    case 'rootless':
      return host.rootless === undefined
        ? 'only the pods of ordinary users have it, and rkt runs as root of the host here'
        : undefined;
    case 'ids': {
      const {users, groups, changesGroups} = host.rootless ?? ALL_IDS;
      return users > 1 && groups > 1 && changesGroups
        ? undefined
        : 'a pod has only root and its group here, because the user who runs rkt has no subordinate ids (/etc/subuid, /etc/subgid, newuidmap and newgidmap)';
    }
    default:
      return `unknown requirement "${requirement}"`;
  }
};

/**
 * Why this host cannot give this very value, whatever the flavor: limits that only CAP_SYS_RESOURCE may raise.
 */
export const valueBeyondHost = <N extends IsolatorName>(
  name: N,
  value: IsolatorMap[N],
  host: HostFacts,
): string | undefined => {
  // Of a user namespace it does not count for these.
  if (host.capabilities.includes('CAP_SYS_RESOURCE') && host.rootless === undefined) return undefined;
  if (name === 'os/linux/oom-score-adj') {
    const {score} = value as IsolatorMap['os/linux/oom-score-adj'];
    return score < host.oomScoreAdj
      ? `${score} is below rkt's own ${host.oomScoreAdj}, which takes CAP_SYS_RESOURCE`
      : undefined;
  }
  if (name !== 'os/unix/rlimits') return undefined;
  const {limits} = value as IsolatorMap['os/unix/rlimits'];
  for (const [limit, {hard}] of Object.entries(limits)) {
    const own = host.hardLimits[limit] ?? null;
    if (own !== null && (hard === null || hard > own)) {
      return `${limit} ${hard ?? 'unlimited'} is above rkt's own hard limit ${own}, which takes CAP_SYS_RESOURCE`;
    }
  }
  return undefined;
};

/** Why no process can have these ids on this host; `undefined` when it can. */
export const idsBeyondHost = (
  {uid, gid, groups}: {readonly uid: number; readonly gid: number; readonly groups: readonly number[]},
  {rootless}: Pick<HostFacts, 'rootless'>,
): string | undefined => {
  if (rootless === undefined) return undefined;
  const {users, changesGroups} = rootless;
  if (uid >= users) return `user ${uid} is beyond the ${users} that the user who runs rkt has here (/etc/subuid)`;
  const group = [gid, ...groups].find((id) => id >= rootless.groups);
  if (group !== undefined)
    return `group ${group} is beyond the ${rootless.groups} that the user who runs rkt has here (/etc/subgid)`;
  return groups.length > 0 && !changesGroups
    ? 'further groups need subordinate ids (/etc/subuid, /etc/subgid, newuidmap and newgidmap)'
    : undefined;
};
