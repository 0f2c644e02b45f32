import type {App, RlimitName} from '@rkt/core/contract';
import {pathItem} from './encode.ts';
import {limitRefused} from './errors.ts';
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

const rlimits = (app: App): Setting[] =>
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

/** systemd has no setting for operations on cgroup v1, and says nothing when it ignores one. */
const blockDevices = (app: App, {disks = [], cgroupVersion = 1}: UnitOptions): Setting[] => {
  const {ioBandwidth, ioOperations} = app.limits;
  if (ioOperations !== undefined && cgroupVersion === 1) {
    throw limitRefused(app.name, 'operations of block devices on cgroup v1', ioOperations);
  }
  return disks.flatMap((disk): Setting[] =>
    [
      ['BandwidthMax', ioBandwidth],
      ['IOPSMax', ioOperations],
    ].flatMap(([setting, limit]) =>
      limit === undefined
        ? []
        : ['Read', 'Write'].map(
            (way): Setting => [`IO${way}${setting}`, `${pathItem(disk, `app "${app.name}"`)} ${limit}`],
          ),
    ),
  );
};

const cgroup = (app: App, options: UnitOptions): Setting[] => {
  const {limits, cgroupVersion = 1} = options;
  // systemd's default would be a part of what the host allows.
  const tasks: Setting = [
    'TasksMax',
    limits && app.limits.pidsMax !== undefined ? `${app.limits.pidsMax}` : 'infinity',
  ];
  if (!limits) return [tasks];
  const {memoryMax, memoryLow, cpuMax, cpuShares} = app.limits;
  if (cpuMax !== undefined && cpuMax <= 0) throw limitRefused(app.name, 'the CPU limit', cpuMax);
  return [
    ...(memoryMax === undefined ? [] : [['MemoryMax', `${memoryMax}`] as const]),
    ...(memoryLow === undefined ? [] : [['MemoryLow', `${memoryLow}`] as const]),
    ...(cpuMax === undefined ? [] : [['CPUQuota', `${cpuMax / 10}%`] as const]),
    ...(cpuMax !== undefined && cpuMax < LONG_PERIOD_BELOW ? [['CPUQuotaPeriodSec', '1s'] as const] : []),
    ...(cpuShares === undefined
      ? []
      : [
          cgroupVersion === 1
            ? (['CPUShares', `${cpuShares}`] as const)
            : (['CPUWeight', `${weightOfShares(cpuShares)}`] as const),
        ]),
    tasks,
    ...blockDevices(app, options),
  ];
};

/** Resource limits of the process, and of the app's cgroup where systemd has the controllers. */
export const limitSettings = (app: App, options: UnitOptions): Setting[] => [
  ...rlimits(app),
  ...(app.process.oomScoreAdj === null ? [] : [['OOMScoreAdjust', `${app.process.oomScoreAdj}`] as const]),
  ...cgroup(app, options),
];
