import type {HostFacts} from '../../contract/host.ts';
import type {IsolatorMap, IsolatorName} from '../../contract/isolators.ts';
import type {HostRequirement} from '../../contract/support.ts';

/** The first version in which files can still be moved between directories. */
const LANDLOCK = 2;

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
        : `this host has no usable ${name} cgroup controller (mode ${host.cgroup.mode})`;
    case 'capability':
      return host.capabilities.some((capability) => capability === name) ? undefined : `rkt runs without ${name} here`;
    case 'program':
      return host.programs[name] ? undefined : `${name} is not installed`;
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
  if (host.capabilities.includes('CAP_SYS_RESOURCE')) return undefined;
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
