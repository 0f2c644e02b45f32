import type {Isolators} from '../../contract/isolators.ts';
import type {CgroupLimits} from '../../contract/process.ts';
import {blockLimitTooSmall, cpuLimitTooSmall, memoryLimitTooSmall} from '../errors.ts';

/** Least memory that an app or pod may be limited to, in bytes: one page, as in rkt. */
export const MIN_MEMORY = 4096;

const MIN_SHARES = 2;
const MAX_SHARES = 262_144;

/** The weight of processor time that everyone has who does not ask for another one. */
export const DEFAULT_SHARES = 1024;

/**
 * What the resource isolators of an app or a pod mean for its cgroup (appc EX-50 to EX-57): a limit is hard; a request of memory is reclaimed last, a request of
 * processor time is its weight, unless `os/linux/cpu-shares` gives one.
 * @param limiting names of those whose request, which defaults to the limit, takes nothing from others
 */
export const compileLimits = (isolators: Isolators, limiting: ReadonlySet<string> = new Set()): CgroupLimits => {
  const memory = isolators['resource/memory'];
  const cpu = isolators['resource/cpu'];
  const pids = isolators['resource/pids'];
  const bandwidth = isolators['resource/block-bandwidth'];
  const operations = isolators['resource/block-iops'];
  const mostShares = limiting.has('resource/cpu') ? DEFAULT_SHARES : MAX_SHARES;
  const shares =
    isolators['os/linux/cpu-shares']?.shares ??
    (cpu === undefined ? undefined : Math.min(mostShares, sharesFor(cpu.request)));
  if (memory !== undefined && memory.limit < MIN_MEMORY) throw memoryLimitTooSmall(memory.limit, MIN_MEMORY);
  if (cpu !== undefined && cpu.limit < 1) throw cpuLimitTooSmall(cpu.limit);
  return {
    ...(memory === undefined ? {} : {memoryMax: memory.limit, memorySwapMax: 0}),
    ...(memory === undefined || limiting.has('resource/memory') ? {} : {memoryLow: memory.request}),
    ...(cpu === undefined ? {} : {cpuMax: cpu.limit}),
    ...(shares === undefined ? {} : {cpuShares: shares}),
    ...(pids === undefined ? {} : {pidsMax: pids.limit}),
    ...(bandwidth === undefined ? {} : {ioBandwidth: positive('resource/block-bandwidth', bandwidth.limit)}),
    ...(operations === undefined ? {} : {ioOperations: positive('resource/block-iops', operations.limit)}),
  };
};

// For the kernel 0 is no limit.
const positive = (isolator: string, limit: number): number => {
  if (limit < 1) throw blockLimitTooSmall(isolator, limit);
  return limit;
};

/** The limit of a pod that holds for one of its apps; a weight is only compared with those beside it. */
const BOUNDS: {readonly [L in keyof CgroupLimits]-?: keyof CgroupLimits | null} = {
  memoryMax: 'memoryMax',
  memoryLow: 'memoryMax',
  memorySwapMax: 'memorySwapMax',
  cpuMax: 'cpuMax',
  cpuShares: null,
  pidsMax: 'pidsMax',
  ioBandwidth: 'ioBandwidth',
  ioOperations: 'ioOperations',
};

/** The limits of an app, none above that of its pod (appc EX-31). What only the pod limits stays with the pod's cgroup. */
export const boundLimits = (app: CgroupLimits, pod: CgroupLimits): CgroupLimits => {
  const bounded: CgroupLimits = {...app};
  for (const name of Object.keys(app) as (keyof CgroupLimits)[]) {
    const own = app[name];
    const of = BOUNDS[name];
    const bound = of === null ? undefined : pod[of];
    if (own !== undefined && bound !== undefined && bound < own) bounded[name] = bound;
  }
  return bounded;
};

/** The weight that stands for an amount of cores, that of everyone for one. */
const sharesFor = (milliCores: number): number =>
  Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.round((milliCores * DEFAULT_SHARES) / 1000)));
