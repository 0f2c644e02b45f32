import type {CgroupLimits} from '../contract/process.ts';

export type LimitName = keyof CgroupLimits;

/** One file of a cgroup that a limit is written to. */
export interface LimitFile {
  readonly limit: LimitName;
  readonly controller: 'memory' | 'cpu' | 'cpuset' | 'hugetlb' | 'pids' | 'io';
  readonly file: string;
  readonly value: string;
  /** Where the kernel shows what is left of it beneath the cgroups above, which has to be all. */
  readonly effective?: string;
}

const CONTROLLERS: Readonly<Record<LimitName, LimitFile['controller']>> = {
  cpuMax: 'cpu',
  cpuShares: 'cpu',
  cpus: 'cpuset',
  hugepages: 'hugetlb',
  ioBandwidth: 'io',
  ioOperations: 'io',
  memoryLow: 'memory',
  memoryMax: 'memory',
  memoryNodes: 'cpuset',
  memorySwapMax: 'memory',
  pidsMax: 'pids',
};

/** The controller that a limit takes, by its name in v2 and, where that is another one, in v1. */
export const controllersOf = (limit: LimitName): readonly string[] =>
  CONTROLLERS[limit] === 'io' ? ['io', 'blkio'] : [CONTROLLERS[limit]];

const PERIOD = 100_000;
// The kernel takes no quota below one millisecond.
const LONG_PERIOD = 1_000_000;

/** Microseconds of CPU time in a period, from thousandths of a core. */
const bandwidth = (millicores: number): {quota: number; period: number} => {
  const period = millicores < 10 ? LONG_PERIOD : PERIOD;
  return {quota: (millicores * period) / 1000, period};
};

/**
 * cpu.weight (1 to 10000, default 100) from cpu.shares (2 to 262144, default 1024), by the curve through both ends and both defaults that
 * systemd's and crun's current releases use.
 */
export const weightOfShares = (shares: number): number => {
  const exponent = Math.log2(Math.min(Math.max(shares, 2), 262_144));
  const weight = 10 ** ((exponent * exponent + 125 * exponent) / 612 - 7 / 34);
  return Math.min(Math.max(Math.ceil(weight - 1e-9), 1), 10_000);
};

/** As the kernel writes it: 0, 1, 2, 5 is `0-2,5`. */
const showNumbers = (numbers: readonly number[]): string => {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
};

/** The size of a page as the kernel has it in names of files: `2MB`. */
const pageName = (size: number): string => {
  const [unit, name] = (
    [
      [2 ** 30, 'GB'],
      [2 ** 20, 'MB'],
      [2 ** 10, 'KB'],
    ] as const
  ).find(([least]) => size >= least) ?? [1, ''];
  return `${size / unit}${name}`;
};

/**
 * The files of a hierarchy that hold these limits, in the order in which they are to be written.
 * @param disks numbers of those that limits of block devices are about
 */
export const limitFiles = (limits: CgroupLimits, version: 1 | 2, disks: readonly string[] = []): LimitFile[] => {
  const {memoryMax, memorySwapMax, memoryLow, cpuMax, cpuShares, pidsMax, ioBandwidth, ioOperations} = limits;
  const {cpus, memoryNodes, hugepages = {}} = limits;
  const files: LimitFile[] = [];
  const add = (limit: LimitName, file: string, value: number | string) =>
    files.push({limit, controller: CONTROLLERS[limit], file, value: String(value)});
  if (memoryMax !== undefined) add('memoryMax', version === 1 ? 'memory.limit_in_bytes' : 'memory.max', memoryMax);
  if (memoryLow !== undefined) add('memoryLow', version === 1 ? 'memory.soft_limit_in_bytes' : 'memory.low', memoryLow);
  // In v1 a cgroup that is at its limit swaps nothing with this, and hands it on to those that are made below it.
  if (memorySwapMax !== undefined) {
    add('memorySwapMax', version === 1 ? 'memory.swappiness' : 'memory.swap.max', memorySwapMax);
  }
  if (cpuMax !== undefined) {
    const {quota, period} = bandwidth(cpuMax);
    if (version === 1) {
      add('cpuMax', 'cpu.cfs_period_us', period);
      add('cpuMax', 'cpu.cfs_quota_us', quota);
    } else add('cpuMax', 'cpu.max', `${quota} ${period}`);
  }
  if (cpuShares !== undefined) {
    if (version === 1) add('cpuShares', 'cpu.shares', cpuShares);
    else add('cpuShares', 'cpu.weight', weightOfShares(cpuShares));
  }
  for (const [limit, name, numbers] of [
    ['cpus', 'cpus', cpus],
    ['memoryNodes', 'mems', memoryNodes],
  ] as const) {
    if (numbers === undefined) continue;
    const effective = version === 1 ? `cpuset.effective_${name}` : `cpuset.${name}.effective`;
    files.push({limit, controller: 'cpuset', file: `cpuset.${name}`, value: showNumbers(numbers), effective});
  }
  for (const [size, bytes] of Object.entries(hugepages)) {
    // Pages that are only reserved are nobody else's, either.
    for (const counted of ['', '.rsvd']) {
      const file = `hugetlb.${pageName(Number(size))}${counted}`;
      add('hugepages', `${file}.${version === 1 ? 'limit_in_bytes' : 'max'}`, bytes);
    }
  }
  if (pidsMax !== undefined) add('pidsMax', 'pids.max', pidsMax);
  for (const disk of disks) {
    for (const [limit, unit, rate] of [
      ['ioBandwidth', 'bps', ioBandwidth],
      ['ioOperations', 'iops', ioOperations],
    ] as const) {
      if (rate === undefined) continue;
      if (version === 2) add(limit, 'io.max', `${disk} r${unit}=${rate} w${unit}=${rate}`);
      else for (const way of ['read', 'write']) add(limit, `blkio.throttle.${way}_${unit}_device`, `${disk} ${rate}`);
    }
  }
  return files;
};

// The largest page of the architectures we run on: the kernel rounds bytes down to pages.
const MAX_PAGE = 65_536;

/** Whether what the kernel shows is what was written. */
export const holds = ({file, value}: LimitFile, actual: string): boolean => {
  if (actual === value) return true;
  // A line for each disk that has a limit, in v2 with all that it has.
  if (/^(io|blkio)\./.test(file)) {
    return actual.split('\n').some((line) => value.split(' ').every((word) => line.split(' ').includes(word)));
  }
  if (!file.startsWith('memory.')) return false;
  const lost = Number(value) - Number(actual);
  return lost >= 0 && lost < MAX_PAGE;
};
