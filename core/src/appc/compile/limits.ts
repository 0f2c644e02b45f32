import type {Isolators} from '../../contract/isolators.ts';
import type {CgroupLimits} from '../../contract/process.ts';
import {blockLimitTooSmall, cpuLimitTooSmall, cpusetEmpty, memoryLimitTooSmall} from '../errors.ts';

/**
 * Least memory that an app or pod may be limited to, in bytes. No program starts with less, and a cgroup of v1 may have taken more by the time that its limit is
 * set, which the kernel then refuses. In rkt it was one page.
 */
export const MIN_MEMORY = 2 ** 20;

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
  const cpus = isolators['os/linux/cpuset-cpus'];
  const nodes = isolators['os/linux/cpuset-mems'];
  const hugepages = isolators['resource/hugepages'];
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
    ...(cpus === undefined ? {} : {cpus: cpus.cpus}),
    ...(nodes === undefined ? {} : {memoryNodes: nodes.nodes}),
    ...(hugepages === undefined ? {} : {hugepages: hugepages.limits}),
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

const least = (own: number, ofPod: number | undefined): number => Math.min(own, ofPod ?? own);

/** @throws RKT_CPUSET_EMPTY */
const common = (isolator: string, own: number[], ofPod: number[] = own): number[] => {
  const both = own.filter((number) => ofPod.includes(number));
  if (both.length === 0) throw cpusetEmpty(isolator, own, ofPod);
  return both;
};

/** What is left of each beneath the limits of the pod; a weight is only compared with those beside it. */
const BOUNDS: {
  readonly [L in keyof CgroupLimits]-?: (own: NonNullable<CgroupLimits[L]>, pod: CgroupLimits) => CgroupLimits[L];
} = {
  memoryMax: (own, {memoryMax}) => least(own, memoryMax),
  memoryLow: (own, {memoryMax}) => least(own, memoryMax),
  memorySwapMax: (own) => own,
  cpuMax: (own, {cpuMax}) => least(own, cpuMax),
  cpuShares: (own) => own,
  cpus: (own, {cpus}) => common('os/linux/cpuset-cpus', own, cpus),
  memoryNodes: (own, {memoryNodes}) => common('os/linux/cpuset-mems', own, memoryNodes),
  hugepages: (own, {hugepages = {}}) =>
    Object.fromEntries(Object.entries(own).map(([size, limit]) => [size, least(limit, hugepages[size])])),
  pidsMax: (own, {pidsMax}) => least(own, pidsMax),
  ioBandwidth: (own, {ioBandwidth}) => least(own, ioBandwidth),
  ioOperations: (own, {ioOperations}) => least(own, ioOperations),
};

/** The limits of an app, none above that of its pod (appc EX-31). What only the pod limits stays with the pod's cgroup. */
export const boundLimits = (app: CgroupLimits, pod: CgroupLimits): CgroupLimits => {
  const names = Object.keys(app) as (keyof CgroupLimits)[];
  // Each by the one of its name.
  const bound = (name: keyof CgroupLimits) =>
    (BOUNDS[name] as (own: unknown, pod: CgroupLimits) => unknown)(app[name], pod);
  return Object.fromEntries(names.map((name) => [name, bound(name)]));
};

/** The weight that stands for an amount of cores, that of everyone for one. */
const sharesFor = (milliCores: number): number =>
  Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.round((milliCores * DEFAULT_SHARES) / 1000)));
