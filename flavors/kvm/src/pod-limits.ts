import type {App, Pod} from '@rkt/plugin-sdk';
import {appsDiffer} from './errors.ts';

/*
 * Limits of the pod as a whole bound those of its apps (appc, "Isolators"): the cgroups of all of them are below one with these limits, in the machine. What a pod is to have of the host
 * beside other pods, and what it may use of the host's processors, memory nodes and disks, is of the cgroup that QEMU is in: the machine as a whole.
 */

/** Microseconds in which a quota is counted. */
export const PERIOD = 100_000;

/** Of a quota in thousandths of a core. */
export const quotaOf = (cpuMax: number): number => Math.round((cpuMax * PERIOD) / 1000);

type Limits = App['limits'];

/** Files of a cgroup of version 2 in the machine, with what is in them. */
const filesOf = ({limits}: Pick<Pod, 'limits'>): {controller: string; file: string; value: string}[] => {
  // Those of the machine as a whole; a machine has no huge pages and no swap; a limit that is new has to be told here.
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

/** Limits of an app that are those of its machine, by the isolators that ask for them. */
const OF_MACHINE = {
  cpus: 'os/linux/cpuset-cpus',
  memoryNodes: 'os/linux/cpuset-mems',
  ioBandwidth: 'resource/block-bandwidth',
  ioOperations: 'resource/block-iops',
} as const satisfies Partial<Record<keyof Limits, string>>;

/**
 * What is set on the host.
 * @throws RKT_MACHINE_APPS_DIFFER
 */
export const hostLimits = (pod: Pick<Pod, 'apps' | 'limits'>): Limits => {
  const {cpuShares, memoryLow} = pod.limits;
  const ofMachine = Object.keys(OF_MACHINE) as (keyof typeof OF_MACHINE)[];
  return {
    ...(cpuShares === undefined ? {} : {cpuShares}),
    ...(memoryLow === undefined ? {} : {memoryLow}),
    ...Object.assign({}, ...ofMachine.map((name) => ofAll(pod, name))),
  };
};

const ofAll = ({apps, limits}: Pick<Pod, 'apps' | 'limits'>, name: keyof typeof OF_MACHINE): Limits => {
  const values = apps.map((app) => app.limits[name] ?? limits[name]);
  const other = values.findIndex((value) => JSON.stringify(value) !== JSON.stringify(values[0]));
  if (other > 0)
    throw appsDiffer(
      OF_MACHINE[name],
      [apps[0], apps[other]].map((app) => app?.name ?? ''),
    );
  return values[0] === undefined ? {} : {[name]: values[0]};
};

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
