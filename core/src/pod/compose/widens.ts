import {letsThrough} from '../../appc/compile/lets-through.ts';
import {DEFAULT_SHARES} from '../../appc/compile/limits.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {IsolatorMap, Isolators, isolatorValues} from '../../contract/isolators.ts';
import type {CgroupLimits, Process} from '../../contract/process.ts';

/** An app with an isolator of its image, and what it would be without. */
export interface Widened {
  readonly process: Process;
  readonly without: () => Process;
  readonly limits: CgroupLimits;
  /** All that the app has. */
  readonly isolators: Isolators;
  readonly hardLimits: HostFacts['hardLimits'];
  /** What the app inherits. */
  readonly oomScoreAdj: number;
}

type Direction<Value> = 'narrows' | ((value: Value, app: Widened) => string[]);

/** The filter follows the capabilities, so only what they do not explain counts. */
const privileges = (_: unknown, {process, without}: Widened): string[] => {
  const base = without();
  const capabilities = process.capabilities.bounding.filter((name) => !base.capabilities.bounding.includes(name));
  return [
    ...capabilities,
    ...(capabilities.length > 0 ? [] : letsThrough(process.seccomp, base.seccomp)),
    ...(base.noNewPrivileges && !process.noNewPrivileges ? ['new privileges'] : []),
  ];
};

const label = (value: object): string[] => [`${Object.values(value).join(':')}, whatever that allows`];

const weight = (shares: number): string[] => (shares > DEFAULT_SHARES ? [`cpu weight ${shares}`] : []);

const isAbove = (limit: number | null, own: number | null): boolean => own !== null && (limit === null || limit > own);

/**
 * In which direction each isolator goes: it can only take something from an app (`narrows`), or what it gives of privileges or at the expense of others, beyond what
 * an app has by default. One of the contract that is missing here does not compile.
 */
const directions: {readonly [K in keyof typeof isolatorValues]: Direction<IsolatorMap[K]>} = {
  // Another one than the host's own choice may be a wider one: rkt does not know what it says.
  'os/linux/apparmor-profile': label,
  'os/linux/capabilities-remove-set': privileges,
  'os/linux/capabilities-retain-set': privileges,
  'os/linux/cpu-shares': ({shares}) => weight(shares),
  'os/linux/cpuset-cpus': 'narrows',
  'os/linux/cpuset-mems': 'narrows',
  'os/linux/no-new-privileges': privileges,
  // The lower, the later it is killed, and another in its place.
  'os/linux/oom-score-adj': ({score}, {oomScoreAdj}) => (score < Math.max(0, oomScoreAdj) ? [`score ${score}`] : []),
  'os/linux/seccomp-remove-set': privileges,
  'os/linux/seccomp-retain-set': privileges,
  'os/linux/selinux-context': label,
  // Of `nice` and `rtprio` too, whose hard limit is what an app may raise its priority to.
  'os/unix/rlimits': ({limits}, {hardLimits}) =>
    Object.entries(limits)
      .filter(([name, {hard}]) => isAbove(hard, hardLimits[name as keyof typeof hardLimits] ?? null))
      .map(([name, {hard}]) => `${name} ${hard ?? 'unlimited'}`),
  // For a pod, which no image is; and not for it to say.
  'os/unix/sysctl': ({values}) => Object.keys(values),
  'resource/block-bandwidth': 'narrows',
  'resource/block-iops': 'narrows',
  // A limit, and a request that is a weight where nothing else says the weight.
  'resource/cpu': (_, {limits, isolators}) =>
    isolators['os/linux/cpu-shares'] === undefined ? weight(limits.cpuShares ?? 0) : [],
  'resource/hugepages': 'narrows',
  // A limit, and a request that is kept from being reclaimed as long as there is anything else.
  'resource/memory': (_, {limits}) => ((limits.memoryLow ?? 0) > 0 ? [`${limits.memoryLow} bytes kept for it`] : []),
  'resource/network-bandwidth': 'narrows',
  'resource/pids': 'narrows',
};

/** What an app has by an isolator beyond the defaults; none: it only narrows them, or rkt does not know it. */
export const widens = (name: string, value: unknown, app: Widened): string[] => {
  if (!Object.hasOwn(directions, name)) return [];
  const direction = directions[name as keyof typeof directions]; // own key
  // The value is of the schema of its name.
  return direction === 'narrows' ? [] : (direction as (value: unknown, app: Widened) => string[])(value, app);
};
