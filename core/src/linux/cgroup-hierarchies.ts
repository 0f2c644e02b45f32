import type {HostFacts} from '../contract/host.ts';
import type {HostPath} from '../contract/names.ts';
import type {MountEntry} from './mountinfo.ts';
import type {CgroupMembership} from './proc-cgroup.ts';
import {words} from './words.ts';

export type CgroupFacts = HostFacts['cgroup'];
export type Hierarchy = CgroupFacts['hierarchies'][number];

/** Below the roots of all hierarchies, unless rkt was started as a service. */
const DEFAULT_PARENT = '/rkt';
const NAMED = 'name=';

export interface CgroupSources {
  readonly mounts: readonly MountEntry[];
  readonly own: readonly CgroupMembership[];
  /** Text of cgroup.controllers at the root of the v2 hierarchy; empty where there is none. */
  readonly v2Controllers: string;
  /** Whether pods may be below the cgroup of a service; asked where cgroup v2 is alone, which has rules about that. */
  readonly takesPods: (directory: HostPath) => boolean;
}

/**
 * Which cgroup hierarchies this host has and where pods belong in them. A hierarchy that is mounted several times counts once, where it
 * can be written to; one that is only mounted read-only has no usable controllers.
 */
export const findHierarchies = ({mounts, own, v2Controllers, takesPods}: CgroupSources): CgroupFacts => {
  const found = new Map<string, Hierarchy & {readonly writable: boolean}>();
  for (const mount of mounts) {
    if (mount.type !== 'cgroup' && mount.type !== 'cgroup2') continue;
    const version = mount.type === 'cgroup' ? 1 : 2;
    const membership = own.find((candidate) =>
      version === 2
        ? candidate.hierarchy === 0
        : candidate.hierarchy !== 0 && candidate.controllers.every((name) => mount.superOptions.includes(name)),
    );
    if (membership === undefined) continue;
    const writable = mount.options.includes('rw') && !mount.superOptions.includes('ro');
    const known = found.get(String(membership.hierarchy));
    if (known !== undefined && (known.writable || !writable)) continue;
    found.set(String(membership.hierarchy), {
      version,
      mountPoint: mount.mountPoint as HostPath, // absolute by mountinfo's format
      controllers: version === 2 ? words(v2Controllers) : [...membership.controllers],
      own: belowMount(membership.path, mount.root),
      writable,
    });
  }
  const hierarchies = [...found.values()];
  const mode = modeOf(hierarchies);
  return {
    mode,
    hierarchies: hierarchies.map(({writable: _, ...hierarchy}) => hierarchy),
    controllers: [...new Set(hierarchies.flatMap(({writable, controllers}) => (writable ? controllers : [])))].filter(
      (name) => !name.startsWith(NAMED),
    ),
    parent: chooseParent(hierarchies, (directory) => mode !== 'v2' || takesPods(directory)),
  };
};

const modeOf = (hierarchies: readonly Hierarchy[]): CgroupFacts['mode'] => {
  const v1 = hierarchies.some(({version}) => version === 1);
  const v2 = hierarchies.some(({version}) => version === 2);
  if (v1 && v2) return 'hybrid';
  return v1 ? 'v1' : v2 ? 'v2' : 'none';
};

// In a container without a cgroup namespace the mount shows only a part of the hierarchy, while /proc shows paths of the whole.
const belowMount = (path: string, root: string): string => {
  if (root === '/' || root === '') return path;
  if (path === root) return '/';
  return path.startsWith(`${root}/`) ? path.slice(root.length) : '/';
};

/** A service manager accounts for what is below a service's cgroup and ends it with the service; anything else must not decide where pods are. */
const chooseParent = (hierarchies: readonly Hierarchy[], takesPods: (directory: HostPath) => boolean): string => {
  for (const {version, controllers, own, mountPoint} of hierarchies) {
    const service = version === 2 || controllers.includes('name=systemd') ? serviceOf(own) : undefined;
    if (service === undefined) continue;
    const directory = `${mountPoint}${service}` as HostPath; // both are absolute
    return takesPods(directory) ? service : DEFAULT_PARENT;
  }
  return DEFAULT_PARENT;
};

/** The cgroup of the service that this one is, or is a part of (`DelegateSubgroup=`): nothing between is a unit of its own, as in a session of a user's manager. */
const serviceOf = (own: string): string | undefined =>
  /^.*\/[^/]+\.service(?=(?:\/[^/]+(?<!\.service|\.scope|\.slice))*$)/.exec(own)?.[0];
