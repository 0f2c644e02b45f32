import type {App, CgroupLimits, RlimitName} from '@rkt/core/contract';
import {pathItem} from './encode.ts';
import {limitRefused, limitWithoutSetting} from './errors.ts';
import type {UnitOptions} from './options.ts';
import type {Setting} from './unit.ts';

/** LimitCPU counts in seconds and is kept in microseconds, of 64 bits. */
const MAX_SECONDS = 2 ** 63 / 1e6;
/** LimitNICE takes numbers of the kernel's own scale. */
const MAX_NICE = 40;

const rlimitValue = (app: App, name: RlimitName, value: number | null): string => {
  if (value === null) return 'infinity';
  if (value < 0 || (name === 'cpu' && value >= MAX_SECONDS) || (name === 'nice' && value > MAX_NICE)) {
    throw limitRefused(app.name, `the resource limit "${name}"`, value);
  }
  return `${value}`;
};

/** Resource limits of the process. */
export const rlimitSettings = (app: App): Setting[] =>
  app.process.rlimits.map(({name, soft, hard}) => {
    if ((soft ?? Number.POSITIVE_INFINITY) > (hard ?? Number.POSITIVE_INFINITY)) {
      throw limitRefused(app.name, `the resource limit "${name}"`, {soft, hard});
    }
    return [`Limit${name.toUpperCase()}`, `${rlimitValue(app, name, soft)}:${rlimitValue(app, name, hard)}`];
  });

/** Below this the quota of a period of 100 ms is less than the kernel takes. */
const LONG_PERIOD_BELOW = 10;

/** CPUWeight from shares, by the curve through both ends and both defaults that current releases of systemd use themselves. */
const weightOfShares = (shares: number): number => {
  const exponent = Math.log2(Math.min(Math.max(shares, 2), 262_144));
  const weight = 10 ** ((exponent * exponent + 125 * exponent) / 612 - 7 / 34);
  return Math.min(Math.max(Math.ceil(weight - 1e-9), 1), 10_000);
};

/** The limit for each disk, in both ways. */
const eachDisk = (app: App, {disks = []}: UnitOptions, setting: string, limit: number): Setting[] =>
  disks.flatMap((disk) =>
    ['Read', 'Write'].map((way): Setting => [`IO${way}${setting}`, `${pathItem(disk, `app "${app.name}"`)} ${limit}`]),
  );

/** systemd has no setting for these on cgroup v1, and says nothing when it ignores one. */
const onlyV2 = (app: App, {cgroupVersion = 1}: UnitOptions, what: string): void => {
  if (cgroupVersion === 1) throw limitWithoutSetting(app.name, `${what} on cgroup v1`);
};

type Settings<Limit> = (limit: Limit, app: App, options: UnitOptions) => Setting[];

const LIMITS: {readonly [L in keyof CgroupLimits]-?: Settings<NonNullable<CgroupLimits[L]>>} = {
  memoryMax: (limit) => [['MemoryMax', `${limit}`]],
  memoryLow: (limit) => [['MemoryLow', `${limit}`]],
  // On cgroup v1 systemd has no setting; a cgroup has what the one above it had when it was made.
  memorySwapMax: (limit, _app, {cgroupVersion = 1}) => (cgroupVersion === 1 ? [] : [['MemorySwapMax', `${limit}`]]),
  cpuMax: (limit, app) => {
    if (limit <= 0) throw limitRefused(app.name, 'the CPU limit', limit);
    return [
      ['CPUQuota', `${limit / 10}%`],
      ...(limit < LONG_PERIOD_BELOW ? [['CPUQuotaPeriodSec', '1s'] as const] : []),
    ];
  },
  cpuShares: (limit, _app, {cgroupVersion = 1}) => [
    cgroupVersion === 1 ? ['CPUShares', `${limit}`] : ['CPUWeight', `${weightOfShares(limit)}`],
  ],
  cpus: (cpus, app, options) => {
    onlyV2(app, options, 'processors');
    return [['AllowedCPUs', cpus.join(' ')]];
  },
  memoryNodes: (nodes, app, options) => {
    onlyV2(app, options, 'memory nodes');
    return [['AllowedMemoryNodes', nodes.join(' ')]];
  },
  hugepages: (_limits, app) => {
    throw limitWithoutSetting(app.name, 'huge pages');
  },
  pidsMax: (limit) => [['TasksMax', `${limit}`]],
  ioBandwidth: (limit, app, options) => eachDisk(app, options, 'BandwidthMax', limit),
  ioOperations: (limit, app, options) => {
    onlyV2(app, options, 'operations of block devices');
    return eachDisk(app, options, 'IOPSMax', limit);
  },
};

// systemd's default would be a part of what the host allows.
const ANY_TASKS: Setting = ['TasksMax', 'infinity'];

/** Limits of the app's cgroup, where systemd has the controllers. */
export const cgroupSettings = (app: App, options: UnitOptions): Setting[] => {
  const limits = options.limits ? app.limits : {};
  const settings = Object.entries(LIMITS).flatMap(([name, settingsOf]) => {
    const limit = limits[name as keyof CgroupLimits]; // own key
    // Each by the one of its name.
    return limit === undefined ? [] : (settingsOf as Settings<unknown>)(limit, app, options);
  });
  return [...(limits.pidsMax === undefined ? [ANY_TASKS] : []), ...settings];
};
