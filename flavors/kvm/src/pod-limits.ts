import type {App, Pod} from '@rkt/plugin-sdk';

/*
 * Limits of the pod as a whole bound those of its apps (appc, "Isolators"): the cgroups of all of them are below one with these limits, in the machine. What a pod is to have of the host
 * beside other pods is of the cgroup that QEMU is in.
 */

/** Microseconds in which a quota is counted. */
export const PERIOD = 100_000;

/** Of a quota in thousandths of a core. */
export const quotaOf = (cpuMax: number): number => Math.round((cpuMax * PERIOD) / 1000);

type Limits = App['limits'];

/** Files of a cgroup of version 2 in the machine, with what is in them. */
const filesOf = ({limits}: Pick<Pod, 'limits'>): {controller: string; file: string; value: string}[] => {
  // The declaration says of these that there are none; a machine has no swap; the host has the last two; a limit that is new has to be told here.
  const {
    ioBandwidth: _,
    ioOperations: _o,
    cpus: _c,
    memoryNodes: _n,
    hugepages: _h,
    memorySwapMax: _s,
    cpuShares: _w,
    memoryLow: _l,
    ...told
  } = limits;
  const {memoryMax, cpuMax, pidsMax, ...further} = told;
  further satisfies Readonly<Record<string, never>>;
  return [
    ...(memoryMax === undefined ? [] : [{controller: 'memory', file: 'memory.max', value: `${memoryMax}`}]),
    ...(cpuMax === undefined ? [] : [{controller: 'cpu', file: 'cpu.max', value: `${quotaOf(cpuMax)} ${PERIOD}`}]),
    ...(pidsMax === undefined ? [] : [{controller: 'pids', file: 'pids.max', value: `${pidsMax}`}]),
  ];
};

const ROOT = '/sys/fs/cgroup';

/** The files of the guest that set them, in this order. */
export const podLimitFiles = (pod: Pick<Pod, 'limits'>): {path: string; content: string}[] => {
  const files = filesOf(pod);
  if (files.length === 0) return [];
  const controllers = files.map(({controller}) => `+${controller}`).join(' ');
  return [
    {path: `${ROOT}/cgroup.subtree_control`, content: controllers},
    ...files.map(({file, value}) => ({path: `${ROOT}/pod/${file}`, content: value})),
  ];
};

/** The cgroup of an app or a handler, in the machine. */
export const cgroupIn = (pod: Pick<Pod, 'limits'>, name: string): string =>
  filesOf(pod).length === 0 ? `/${name}` : `/pod/${name}`;

/** What is set on the host. */
export const hostLimits = ({limits: {cpuShares, memoryLow}}: Pick<Pod, 'limits'>): Limits => ({
  ...(cpuShares === undefined ? {} : {cpuShares}),
  ...(memoryLow === undefined ? {} : {memoryLow}),
});

/** How much of something all apps together can have: no more than the pod, and one without a limit as much as that. */
export const together = (
  {apps, limits}: Pick<Pod, 'apps' | 'limits'>,
  name: 'cpuMax' | 'memoryMax',
  byDefault: number,
): number => {
  const ofPod = limits[name];
  const sum = apps.reduce((all, app) => all + (app.limits[name] ?? ofPod ?? byDefault), 0);
  return Math.min(sum, ofPod ?? sum);
};
