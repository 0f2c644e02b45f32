import {type App, type HostFacts, type Pod, type PodPath, type Step, serviceName, UnitError} from '@rkt/plugin-sdk';
import {bindPath} from './bind-path.ts';

/** Controllers of which systemd needs all to set any limit on cgroup v1: without `cpuacct` it ignores those of `cpu`, silently. */
const V1_CONTROLLERS = ['cpu', 'cpuacct', 'memory', 'devices', 'pids'] as const;

const BLOCK = 'blkio';

/** By their names in v2, where a cgroup has those that it is handed down. */
const V2_CONTROLLERS = ['cpu', 'memory', 'pids'] as const;

const CPUSET = 'cpuset';

/** Limits that take nothing from what supervises an app. */
const HARMLESS = ['ioBandwidth', 'ioOperations', 'cpus', 'memoryNodes', 'hugepages'] as const;

type Limits = App['limits'];

const ownOf = (limits: Limits, names: readonly (keyof Limits)[]): Limits =>
  Object.fromEntries(names.flatMap((name) => (limits[name] === undefined ? [] : [[name, limits[name]]])));

const isLimited = (limits: Limits, ...names: readonly (keyof Limits)[]): boolean =>
  names.some((name) => limits[name] !== undefined);

/** Whether the pod's systemd has to set one of these, because apps differ. */
const differInside = ({apps}: Pod, ...names: readonly (keyof Limits)[]): boolean =>
  apps.length > 1 && apps.some(({limits}) => isLimited(limits, ...names));

/** Whether the pod's systemd has to limit block devices. */
const blockLimitsInside = (pod: Pod): boolean => differInside(pod, 'ioBandwidth', 'ioOperations');

const hasOtherLimits = (limits: Limits): boolean =>
  Object.keys(limits).some((name) => !(HARMLESS as readonly string[]).includes(name));

/**
 * systemd limits each app by a cgroup of its own. The pod's has what supervises the apps, too: an app that is out of memory or of tasks must not take that with it.
 */
export const limitsInside = (pod: Pod): boolean =>
  differInside(pod, ...HARMLESS) || pod.apps.some(({limits}) => hasOtherLimits(limits));

/** Whether the pod's systemd has to be given hierarchies of cgroup v1, because the limits are there on this host. */
export const limitsThroughV1 = (pod: Pod, host: HostFacts): boolean =>
  limitsInside(pod) && (host.cgroup.mode === 'v1' || host.cgroup.mode === 'hybrid');

/** The limits of the pod's own cgroup. A single app's that take nothing from a supervisor are there, where cgroup v1 can set them all. */
export const podLimits = (pod: Pod, host: HostFacts): Limits => {
  const [app] = pod.apps;
  const limits = {...pod.limits, ...memoryKept(pod), ...withoutSwap(pod, host)};
  return pod.apps.length > 1 || app === undefined ? limits : {...limits, ...ownOf(app.limits, HARMLESS)};
};

/** What is kept for all apps: of v2 an app has no more than the cgroups above it have, and on v1 systemd has no setting. */
const memoryKept = ({apps, limits}: Pod): Pick<App['limits'], 'memoryLow'> => {
  const sum = apps.reduce((kept, app) => kept + (app.limits.memoryLow ?? 0), 0);
  return sum === 0 ? {} : {memoryLow: Math.max(sum, limits.memoryLow ?? 0)};
};

/** On v1 systemd has no setting for swap, and apps have that of the pod's cgroup: an app without a limit beside one that has one swaps nothing either. */
const withoutSwap = (pod: Pod, host: HostFacts): Pick<App['limits'], 'memorySwapMax'> =>
  limitsThroughV1(pod, host) && pod.apps.some(({limits}) => limits.memorySwapMax !== undefined)
    ? {memorySwapMax: 0}
    : {};

/** The hierarchies that the pod's cgroup has to be in, besides the one that tracks it, or what it needs for the limits that systemd sets below it. */
export const podControllers = (pod: Pod, host: HostFacts): string[] => [
  'name=systemd',
  ...(limitsThroughV1(pod, host) ? v1Controllers(pod) : limitsInside(pod) ? v2Controllers(pod) : []),
];

const v2Controllers = (pod: Pod): string[] => [
  ...V2_CONTROLLERS,
  ...(blockLimitsInside(pod) ? ['io'] : []),
  ...(differInside(pod, 'cpus', 'memoryNodes') ? [CPUSET] : []),
];

const v1Controllers = (pod: Pod): string[] => [...V1_CONTROLLERS, ...(blockLimitsInside(pod) ? [BLOCK] : [])];

/** Root of a pod with ids of its own makes the cgroups of its apps, where that is not nspawn's. */
export const cgroupOwner = (pod: Pod, host: HostFacts): {owner?: number} =>
  pod.idMap !== undefined && limitsThroughV1(pod, host) ? {owner: pod.idMap.base} : {};

/** By their names in v1; the others are refused elsewhere where they cannot be had. */
const CONTROLLER_OF: Readonly<Record<keyof App['limits'], string | undefined>> = {
  memoryMax: 'memory',
  memoryLow: 'memory',
  memorySwapMax: 'memory',
  cpuMax: 'cpu',
  cpuShares: 'cpu',
  pidsMax: 'pids',
  cpus: undefined,
  memoryNodes: undefined,
  hugepages: undefined,
  ioBandwidth: undefined,
  ioOperations: undefined,
};

/** On a host with both versions of cgroups, systemd sets limits in v1 alone, and silently ignores one whose controller is not there. */
const requireV1 = (pod: Pod, {cgroup}: HostFacts): void => {
  const there = new Set(cgroup.hierarchies.flatMap(({version, controllers}) => (version === 1 ? controllers : [])));
  for (const {name, limits} of pod.apps) {
    for (const limit of Object.keys(limits) as (keyof App['limits'])[]) {
      const controller = CONTROLLER_OF[limit];
      if (controller !== undefined && !there.has(controller)) {
        throw new UnitError(
          'RKT_UNIT_LIMIT_REFUSED',
          `app "${name}": this host has the controller "${controller}" in cgroup2 and others in v1, where systemd in the pod looks for all`,
          'start the host with all controllers in one version of cgroups',
          {app: name, limit, controller},
        );
      }
    }
  }
};

/** Binds the pod's own cgroups over the read-only hierarchies that nspawn mounts. */
export const cgroupBinds = (pod: Pod, host: HostFacts): string[] => {
  requireV1(pod, host);
  const {hierarchies, parent} = host.cgroup;
  const wanted = v1Controllers(pod);
  const own = (mountPoint: string) => `${mountPoint}${parent === '/' ? '' : parent}/${pod.cgroup}`;
  return [
    `--tmpfs=${CGROUPS}:mode=755`,
    ...hierarchies
      .filter(({version, controllers}) => version === 1 && controllers.some((name) => wanted.includes(name)))
      .map(
        ({mountPoint, controllers}) =>
          `--bind=${bindPath(own(mountPoint))}:${CGROUPS}/${bindPath(controllers.join(','))}`,
      ),
  ];
};

const CGROUPS = '/sys/fs/cgroup';

/** Where the pod's systemd has the cgroups of its services, below that of the pod. */
const SERVICES = 'system.slice';

/** Where the pod sees how many processes of an app the kernel has killed for want of memory. In v2 a cgroup counts for those below it, and the app's own goes with it. */
export const oomCounter = ({cgroup}: HostFacts, app: App): string | undefined => {
  if (app.limits.memoryMax === undefined) return undefined;
  if (cgroup.mode === 'v2') return `${CGROUPS}/${SERVICES}/memory.events`;
  const hierarchy = cgroup.hierarchies.find(
    ({version, controllers}) => version === 1 && controllers.includes('memory'),
  );
  return (
    hierarchy && `${CGROUPS}/${hierarchy.controllers.join(',')}/${SERVICES}/${serviceName(app)}/memory.oom_control`
  );
};

/** Where the pod has nodes of disks: systemd looks there for their numbers, and no app sees them. */
const DISKS = '/etc/rkt/disks';

/** The nodes for {@link disksOf}, below the directory that becomes the pod's /etc. */
export const diskNodes = (pod: Pod, {cgroup}: HostFacts, etc: string): Step[] => {
  if (!blockLimitsInside(pod)) return [];
  const target = (path: string) => ({in: 'pod', path: `${etc}/rkt/disks${path}` as PodPath}) as const;
  return [
    {id: 'dir.disks', do: 'mkdir', target: target(''), mode: 0o700, uid: 0, gid: 0},
    ...(cgroup.disks ?? []).map((disk): Step => {
      const [major, minor] = disk.split(':').map(Number);
      if (major === undefined || minor === undefined) throw new Error(`not the number of a disk: ${disk}`);
      const node = {type: 'block', major, minor, mode: 0, uid: 0, gid: 0} as const;
      return {id: `disk.${disk}`, do: 'device', target: target(`/${disk}`), ...node};
    }),
  ];
};

export const disksOf = (pod: Pod, {cgroup}: HostFacts): string[] =>
  blockLimitsInside(pod) ? (cgroup.disks ?? []).map((disk) => `${DISKS}/${disk}`) : [];

/**
 * On cgroup v1 the limit of block devices of a cgroup does not hold for those below it: where systemd makes some, an app without a limit of its own gets the
 * pod's.
 */
export const withBlockLimits = (pod: Pod): Pod => {
  if (!blockLimitsInside(pod)) return pod;
  const {ioBandwidth, ioOperations} = pod.limits;
  const bound = {...(ioBandwidth && {ioBandwidth}), ...(ioOperations && {ioOperations})};
  return {...pod, apps: pod.apps.map((app) => ({...app, limits: {...bound, ...app.limits}}))};
};
