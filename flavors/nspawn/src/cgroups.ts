import type {App, HostFacts, Pod} from '@rkt/plugin-sdk';

/** Controllers of which systemd needs all to set any limit on cgroup v1: without `cpuacct` it ignores those of `cpu`, silently. */
const V1_CONTROLLERS = ['cpu', 'cpuacct', 'memory', 'devices', 'pids'] as const;

const hasLimits = (limits: object): boolean => Object.keys(limits).length > 0;

/** A pod of one app is limited by its own cgroup, which rkt sets up itself. In a pod of several, systemd limits each. */
export const limitsInside = (pod: Pod): boolean =>
  pod.apps.length > 1 && pod.apps.some(({limits}) => hasLimits(limits));

/** Whether the pod's systemd has to be given hierarchies of cgroup v1, because the limits are there on this host. */
export const limitsThroughV1 = (pod: Pod, host: HostFacts): boolean =>
  limitsInside(pod) && (host.cgroup.mode === 'v1' || host.cgroup.mode === 'hybrid');

/** The limits of the pod's own cgroup. */
export const podLimits = (pod: Pod): App['limits'] => {
  const [app] = pod.apps;
  return pod.apps.length === 1 && app !== undefined ? {...pod.limits, ...app.limits} : pod.limits;
};

/** The hierarchies that the pod's cgroup has to be in, besides the one that tracks it. */
export const podControllers = (pod: Pod, host: HostFacts): string[] => [
  'name=systemd',
  ...(limitsThroughV1(pod, host) ? V1_CONTROLLERS : []),
];

/** Binds the pod's own cgroups over the read-only hierarchies that nspawn mounts. */
export const cgroupBinds = (pod: Pod, {cgroup}: HostFacts): string[] => [
  '--tmpfs=/sys/fs/cgroup:mode=755',
  ...cgroup.hierarchies
    .filter(({version, controllers}) => version === 1 && controllers.some((name) => isNeeded(name)))
    .map(({mountPoint, controllers}) => {
      const parent = cgroup.parent === '/' ? '' : cgroup.parent;
      return `--bind=${mountPoint}${parent}/${pod.cgroup}:/sys/fs/cgroup/${controllers.join(',').replaceAll(':', '\\:')}`;
    }),
];

const isNeeded = (name: string): boolean => (V1_CONTROLLERS as readonly string[]).includes(name);
