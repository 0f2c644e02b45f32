import type {Support} from '../../contract/support.ts';
import {showRule} from '../../linux/device-rule.ts';
import type {MeasuredCosts} from '../../stage1/choice/measured-costs.ts';
import {isKept, type Strength, strengthsOf} from '../../stage1/choice/strengths.ts';
import type {ComposedPod} from './compose.ts';

/** What a plan means for who runs the pod: what an attacker in an app could reach, what the pod costs, what stays on the host. */
export const ABOUT = ['reach', 'costs', 'keeps'] as const;

/** One thing of it, in words. */
export interface Aspect {
  readonly about: (typeof ABOUT)[number];
  readonly what: string;
  readonly value: string;
  /** More is better for the host. Absent where that cannot be said. */
  readonly rank?: number;
}

type Planned = Pick<ComposedPod, 'pod' | 'plan' | 'report' | 'found' | 'facts'>;

/**
 * Everything that differs with the flavor, of the plan, the report, the declaration and the host's facts alone.
 * @param measured what pods have cost on this host; `null`: it has not been measured with this flavor, and with another one it has
 */
export const planAspects = (planned: Planned, measured?: MeasuredCosts | null): Aspect[] => [
  ...reach(planned).map((aspect) => ({about: 'reach' as const, ...aspect})),
  ...costs(planned).map((aspect) => ({about: 'costs' as const, ...aspect})),
  ...(measured === undefined ? [] : measuredOf(planned, measured)).map((aspect) => ({
    about: 'costs' as const,
    ...aspect,
  })),
  ...keeps(planned).map((aspect) => ({about: 'keeps' as const, ...aspect})),
];

type Told = Omit<Aspect, 'about'>;

const reach = ({pod, plan, report: {entries}, found, facts: {rootless}}: Planned): Told[] => {
  const {properties} = found.flavor.declaration;
  const strengths = strengthsOf({properties, pod, entries, plan});
  const by = (what: string, strength: Strength, own: string, shared: string): Told => {
    const has = strengths.includes(strength);
    return {what, value: has ? own : shared, rank: Number(has)};
  };
  const isApart = entries.some(({name, verdict}) => name === 'processes/apart' && isKept(verdict));
  const processes = pod.apps.map(({process}) => process);
  const capabilities = [...new Set(processes.flatMap((process) => process.capabilities.bounding))];
  const unfiltered = pod.apps.filter(({process}) => process.seccomp === null).map(({name}) => name);
  const users = [...new Set(processes.map(({uid}) => (uid === 0 ? 'root' : `user ${uid}`)))].join(', ');
  const sources = pod.volumes.flatMap((volume) =>
    volume.kind === 'host' ? [`${volume.source} (${volume.readOnly ? 'read-only' : 'writable'})`] : [],
  );
  const {memoryMax, cpuMax, pidsMax} = pod.limits;
  const unlimited = [
    ...(memoryMax === undefined && pod.apps.some(({limits}) => limits.memoryMax === undefined) ? ['memory'] : []),
    ...(cpuMax === undefined && pod.apps.some(({limits}) => limits.cpuMax === undefined) ? ['processors'] : []),
    ...(pidsMax === undefined && pod.apps.some(({limits}) => limits.pidsMax === undefined) ? ['processes'] : []),
  ];
  return [
    by(
      'kernel',
      'own-kernel',
      'one of its own, in a virtual machine',
      "the host's, by the system calls and capabilities below",
    ),
    by(
      'users',
      'own-user-ids',
      "none of the host's",
      rootless === undefined
        ? `${users} of the host, with the capabilities below`
        : `to the host, root is the user who runs rkt${rootless.users > 1 ? ', and others are subordinate ids of that user' : ''}; the capabilities below are those of a user namespace`,
    ),
    by(
      'processes',
      'no-shared-pid',
      "the pod's own",
      `the host's: they are seen, and signalled by their user${isApart ? ', and neither traced nor looked into' : ''}`,
    ),
    by('ipc', 'no-shared-ipc', "the pod's own", "the host's System V memory, semaphores and queues"),
    by(
      'network',
      'no-shared-network',
      pod.network.mode === 'none' ? 'none' : 'one of its own',
      "the host's ports, loopback and abstract sockets",
    ),
    {what: 'capabilities', value: capabilities.join(' ') || 'none', rank: -capabilities.length},
    {
      what: 'system calls',
      value: unfiltered.length === 0 ? 'those that a filter lets through' : `all of them, in ${unfiltered.join(', ')}`,
      rank: -unfiltered.length,
    },
    {what: 'files of the host', value: sources.join(', ') || 'none', rank: -sources.length},
    {
      what: 'devices',
      value: pod.devices === undefined ? 'those that the host allows' : pod.devices.map(showRule).join(', '),
      rank: Number(pod.devices !== undefined),
    },
    {
      what: 'files of the kernel',
      value: `${pod.maskedPaths.length} paths of /proc and /sys are hidden, ${pod.readOnlyPaths.length} read-only`,
      rank: pod.maskedPaths.length + pod.readOnlyPaths.length,
    },
    {
      what: 'resources',
      value: unlimited.length === 0 ? 'within limits' : `no limit of ${unlimited.join(', ')}`,
      rank: -unlimited.length,
    },
  ];
};

const MOUNTS: readonly string[] = ['bind', 'disk-image', 'host-tree', 'mount', 'overlay', 'template'];

/** What runs besides the apps: of a flavor with a kernel of its own even a program of a rootfs is no app. `undefined`: the app takes rkt's place. */
const besideApps = ({
  pod,
  plan: {launch},
  found,
}: Planned): {readonly program: string; readonly all: string} | undefined => {
  if (launch.into === 'host') return {program: launch.program, all: `${launch.program}, and what it starts`};
  if (found.flavor.declaration.properties.includes('own-kernel')) {
    const [program = ''] = launch.process.argv;
    return {program, all: `${program}, and what it starts`};
  }
  const isBefore = pod.interactive && launch.into === 'rootfs' && launch.terminal !== undefined;
  return isBefore ? {program: 'the app', all: 'rkt, which stays before the terminal'} : undefined;
};

const costs = (planned: Planned): Told[] => {
  const {
    pod,
    plan,
    report: {entries},
  } = planned;
  const steps = [...plan.filesystem, ...plan.environment];
  const mounts = steps.filter((step) => MOUNTS.includes(step.do)).length;
  const beside = besideApps(planned);
  const isAlone = beside === undefined;
  const memory = entries.find(({name, verdict}) => name === 'resource/memory' && verdict === 'modified');
  const copied = pod.apps.filter(({rootfs}) => rootfs.kind === 'copy').map(({name}) => name);
  const isDisk = steps.some((step) => step.do === 'disk-image');
  return [
    {
      what: 'processes besides the apps',
      value: beside?.all ?? "none: the app takes rkt's place",
      rank: Number(isAlone),
    },
    {
      what: 'memory besides the apps',
      value: memory?.how ?? (isAlone ? 'none' : `that of ${beside.all}`),
      rank: Number(isAlone),
    },
    {
      // Not ranked: what starts then may be a machine. "rkt flavor doctor --measure" has the time.
      what: 'start',
      value: `${steps.length} steps, of which ${mounts} mount something, then ${beside?.program ?? 'the app'}`,
    },
    {
      what: 'disk',
      value: isDisk
        ? 'a file system image of each image, made once and shared'
        : copied.length === 0
          ? 'nothing: the files of images are shared'
          : `copies of the files of ${copied.join(', ')}`,
    },
    {
      what: 'programs of its own',
      value: pod.stage1 === undefined ? "none, or the host's" : `image ${pod.stage1.image.name}`,
    },
  ];
};

const TIME = 'time, measured here';
const MEMORY = 'memory, measured here';

const measuredOf = ({found}: Planned, measured: MeasuredCosts | null): Told[] => {
  if (measured !== null) return measuredAspects(measured, found.digest);
  const value = `not measured (rkt flavor doctor --measure ${found.flavor.declaration.name})`;
  return [TIME, MEMORY].map((what) => ({what, value}));
};

/**
 * What has been measured, with its date.
 * @param digest of the flavor now
 */
export const measuredAspects = (
  {flavor, measuredAt, milliseconds, runs, processes, memoryBytes}: MeasuredCosts,
  digest: string,
): Told[] => {
  const when = `on ${new Date(measuredAt).toISOString().slice(0, 10)}${digest === flavor.digest ? '' : `, as ${flavor.name} was then, ${flavor.version}`}`;
  return [
    {
      what: TIME,
      value: `${milliseconds} ms from the start of rkt to the end of an app that does nothing, the median of ${runs}, ${when}`,
      rank: -milliseconds,
    },
    {
      what: MEMORY,
      value: `${(memoryBytes / 2 ** 20).toFixed(1)} MiB in ${processes} ${processes === 1 ? 'process' : 'processes'} besides the app, ${when}`,
      rank: -memoryBytes,
    },
  ];
};

const keeps = ({pod, plan, report: {entries}, found, facts: {rootless, cgroup}}: Planned): Told[] => {
  const {verbs} = found.flavor.declaration;
  const overlay = entries.find(({name}) => name === 'rootfs/overlay');
  const hasCgroup = [...plan.filesystem, ...plan.environment].some((step) => step.do === 'cgroup');
  return [
    {
      what: 'what apps write',
      value:
        overlay?.verdict === 'modified' && overlay.value !== 'copy'
          ? overlay.how
          : 'in the directory of the pod, until gc',
    },
    promised('exit statuses', verbs['exit-status']),
    promised('logs', verbs.logs),
    promised('a way in (enter)', verbs.enter),
    promised('a way to end it (stop)', verbs.stop),
    {
      what: 'cgroup',
      value: hasCgroup && cgroup.mode !== 'none' ? 'one, by which it is limited, counted and killed' : 'none',
    },
    {
      what: 'user ids',
      value:
        pod.idMap !== undefined
          ? `${pod.idMap.count} from ${pod.idMap.base} on, until gc`
          : rootless === undefined
            ? 'none'
            : `${rootless.users} of the user who runs rkt, which all pods of that user share`,
    },
  ];
};

const promised = (what: string, support: Support): Told => {
  const isPromised = support.level === 'enforced' || support.level === 'equivalent' || support.level === 'unproved';
  const words = [
    ...('mechanism' in support ? [support.mechanism] : []),
    ...('consequence' in support ? [support.consequence] : []),
  ].join('; ');
  return {what, value: isPromised ? words : `no: ${words}`, rank: Number(isPromised)};
};
