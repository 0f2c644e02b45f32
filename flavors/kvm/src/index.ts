import {
  type App,
  CHANGES,
  defineFlavor,
  type Finding,
  type HostFacts,
  LOGS,
  mountRootfs,
  mountVolumes,
  type Pod,
  podCgroup,
  privateMounts,
  type RootfsPath,
  type Step,
} from '@rkt/plugin-sdk';
import {launchedProcess} from './beside.ts';
import {hasCards, openTaps} from './cards.ts';
import {changesWords} from './changes.ts';
import {declaration} from './declaration.ts';
import {enterLaunch} from './enter.ts';
import {
  accelerators,
  isOfTemplate,
  mappedAtMost,
  memoryOf,
  monitorWords,
  qemuCommand,
  templateArguments,
  templateCommand,
  treesOf,
} from './machine.ts';
import {IMAGE, podPath, ROOT, SEEN, SHARED, TEMPLATE, userOf} from './places.ts';
import {hostLimits} from './pod-limits.ts';
import {fitting, podScript, scriptFilters} from './script.ts';
import {wordsOf} from './streams.ts';
import {bindVolumes, servedTrees} from './volumes.ts';

/** More than the ten seconds after which the monitor kills: it has to record that, and to keep what apps have written. */
const GRACE_MILLISECONDS = 30_000;

/** Pods of several apps in a virtual machine: QEMU, and a monitor beside it that carries streams, signals and exit statuses. */
export default defineFlavor({
  ...declaration,
  probe: (host) => [...missingPrograms(host), ...foreignMachine(host), ...accelerator(host), ...kernel(host)],

  filesystem: (pod, host) => [
    // The machine has no card: whoever breaks out into QEMU has no network either, nor what others of the host share.
    privateMounts('ipc', 'net', 'uts'),
    ...pod.apps.flatMap((app) => checkProgram(pod, app)),
    {
      id: 'stage1',
      do: 'host-tree',
      programs: [],
      directories: [],
      tree: treeOf(pod),
      target: podPath(ROOT),
    },
    directory(SHARED, 0),
    directory(`${SHARED}/disks`, 0),
    ...treesOf(pod, host).map((tree) => directory(`${SHARED}/volumes/${tree}`, 0)),
    ...pod.apps.map(
      (app): Step => ({
        id: `disk.${app.name}`,
        do: 'disk-image',
        app: app.name,
        layers: layersOf(app),
        target: podPath(`${SHARED}/disks/${app.name}`),
      }),
    ),
    ...(isOfTemplate(pod, host) ? [template(pod, host)] : []),
  ],

  environment: (pod, host) => [
    ...openTaps(pod),
    // Before its cgroup is joined, where no device but the usual ones can be made.
    {
      id: 'mount.dev',
      do: 'mount',
      type: 'tmpfs',
      target: below('/dev'),
      flags: ['nosuid', 'noexec'],
      options: {mode: '0755', size: '64k'},
    },
    device('null', MEMORY_DEVICES, 3),
    device('urandom', MEMORY_DEVICES, 9),
    ...kvmDevice(host).map(({major, minor}) => device('kvm', major, minor, userOf(pod))),
    cgroup(pod, host),
    directory(`${SHARED}/status`, userOf(pod)),
    directory(`${SHARED}/control`, userOf(pod), 0o700),
    directory(CHANGES, userOf(pod), 0o700),
    ...(pod.apps.some(({stdio}) => stdio.stdout === 'log' || stdio.stderr === 'log')
      ? [directory(LOGS, userOf(pod))]
      : []),
    {...file('script', fitting(podScript(pod, host)), 0), filters: scriptFilters(pod)},
    file('supervisor-status', '', userOf(pod)),
    {
      id: 'bind.shared',
      do: 'bind',
      source: {in: 'pod', path: podPath(SHARED)},
      target: below(SEEN),
      recursive: true,
      followSymlinks: false,
      flags: ['nosuid', 'nodev', 'noexec'],
    },
    ...(servedTrees(pod).includes('rw') ? [OWN_PROC] : []),
    // Last: what is bound after it shows other owners.
    ...bindVolumes(pod),
  ],

  launch: (pod, host) => ({
    into: 'rootfs',
    root: {in: 'pod', path: podPath(ROOT)},
    process: {
      ...launchedProcess(pod, [
        IMAGE.monitor,
        SEEN,
        ...pod.apps.flatMap((app) => [...wordsOf(pod, app, host), ...changesWords(app, memoryOf(pod))]),
        ...monitorWords(pod, host),
        ...accelerators(host),
        '--',
        ...qemuCommand(pod, host),
        ...templateArguments(pod, host),
      ]),
      rlimits: [{name: 'data', soft: mappedAtMost(pod, host), hard: mappedAtMost(pod, host)}],
    },
    passSockets: false,
    ...(servedTrees(pod).length > 0 && {keepUserNamespace: true}),
    ...(hasCards(pod) && {keepTaps: true}),
  }),

  enter: (pod, app, command, host) => enterLaunch(pod, app, command, host),

  stop: (_pod, force) =>
    force
      ? [{do: 'kill'}]
      : [
          {do: 'signal', to: 'supervisor', signal: 'SIGTERM'},
          {do: 'await-exit', milliseconds: GRACE_MILLISECONDS},
          {do: 'kill'},
        ],
});

/** As the app will see it, but for QEMU, which sees none of this: the error is rkt's own, and costs no machine. */
const checkProgram = (pod: Pod, app: App): Step[] => [
  mountRootfs(app),
  ...mountVolumes(pod, app),
  {id: `program.${app.name}`, do: 'check-program', app: app.name},
];

const below = (path: string) => ({in: 'pod', path: podPath(`${ROOT}${path}`)}) as const;

const directory = (path: string, owner: number, mode = 0o755): Step => ({
  id: `dir.${path}`,
  do: 'mkdir',
  target: {in: 'pod', path: podPath(path)},
  mode,
  uid: owner,
  gid: owner,
});

const file = (name: string, content: string, owner: number): Extract<Step, {do: 'write'}> => ({
  id: name,
  do: 'write',
  target: {in: 'pod', path: podPath(`${SHARED}/${name}`)},
  content,
  mode: 0o644,
  uid: owner,
  gid: owner,
});

const template = (pod: Pod, host: HostFacts): Step => ({
  id: 'template',
  do: 'template',
  tree: treeOf(pod),
  command: templateCommand(pod, host),
  files: [TEMPLATE.memory, TEMPLATE.state],
  writes: SEEN as RootfsPath,
  target: podPath(`${SHARED}${TEMPLATE.seen.slice(SEEN.length)}`),
});

/** Where QEMU finds the files that it has open, to change their modes: of processes there are none but this pod's. */
const OWN_PROC: Step = {
  id: 'mount.proc',
  do: 'mount',
  type: 'proc',
  target: below('/proc'),
  flags: ['nosuid', 'nodev', 'noexec'],
  options: {hidepid: 'invisible', subset: 'pid'},
};

/** Its number, where QEMU is to have it. */
const kvmDevice = ({accelerator: fact}: HostFacts) =>
  fact?.name === 'kvm' && fact.device !== undefined ? [fact.device] : [];

const cgroup = (pod: Pod, host: HostFacts): Step => {
  const further = kvmDevice(host).map((number) => ({type: 'char' as const, ...number, access: 'rw'}));
  return podCgroup(pod.devices === undefined ? pod : {...pod, devices: [...pod.devices, ...further]}, hostLimits(pod));
};

const MEMORY_DEVICES = 1;

/** For everybody, or for one user. */
const device = (name: string, major: number, minor: number, owner?: number): Step => ({
  id: `device.${name}`,
  do: 'device',
  target: below(`/dev/${name}`),
  type: 'char',
  major,
  minor,
  mode: owner === undefined ? 0o666 : 0o600,
  uid: owner ?? 0,
  gid: owner ?? 0,
});

// The core lets no pod of a flavor that needs an image get here without.
const treeOf = ({uuid, stage1}: Pod) => {
  if (stage1 === undefined) throw new Error(`pod ${uuid} has no image of this flavor`);
  return stage1.tree;
};

/** The layers of an app's image, uppermost first. */
const layersOf = ({name, rootfs}: App) => {
  if (rootfs.kind === 'copy')
    throw new Error(`app "${name}" has a copy of its image's files: run it without --no-overlay`);
  return rootfs.lower;
};

/** One image has them all. */
const missingPrograms = (host: HostFacts): Finding[] => {
  const missing = declaration.programs.filter((name) => host.programs[name] == null);
  if (missing.length === 0) return [];
  const has = (name: string) => !missing.includes(name);
  // QEMU may be the host's.
  if (![IMAGE.monitor, IMAGE.kernel, IMAGE.initramfs].some(has))
    return lacking('its image, with a kernel and what starts it, has not been made on this host', 'make it');
  const isOther = has(IMAGE.kernel) && has(IMAGE.initramfs) && !has(IMAGE.monitor);
  return lacking(
    isOther
      ? 'its image is of another version of this flavor'
      : `the image of this flavor has no ${missing.join(', ')}`,
    'make it again',
  );
};

const lacking = (what: string, how: string): Finding[] => [
  {severity: 'missing', what, fix: `${how}: rkt flavor build kvm`},
];

/** Which it is, and why; that it is the slow one is no fault of the flavor's. */
const accelerator = ({accelerator: fact}: HostFacts): Finding[] => {
  if (fact === undefined) return [];
  const {name, because, device: number, forced} = fact;
  if (name === 'kvm' && number === undefined)
    return [
      {
        severity: 'missing',
        what: 'the configuration wants the accelerator kvm, and there is no device /dev/kvm',
        fix: 'set "accelerator": "auto" (stage1.d)',
      },
    ];
  if (name === 'kvm') return [{severity: 'note', what: `machines run on the processor itself (kvm): ${because}`}];
  const fix = 'where /dev/kvm has been mended, "rkt flavor doctor kvm" tries it again';
  return [{severity: 'note', what: `machines are emulated (tcg): ${because}`, ...(forced ? {} : {fix})}];
};

/** Which it is, and where it comes from. */
const kernel = ({guestKernel}: HostFacts): Finding[] => {
  if (guestKernel === undefined) return [];
  const {kind, release, from} = guestKernel;
  const what = `machines start with Linux ${release}, ${KERNELS[kind]} (${from})`;
  const fix = 'a small kernel starts faster and takes less memory: rkt flavor build --kernel=small kvm';
  return [{severity: 'note', what, ...(kind === 'distribution' ? {fix} : {})}];
};

const KERNELS: Readonly<Record<NonNullable<HostFacts['guestKernel']>['kind'], string>> = {
  distribution: "the distribution's kernel",
  given: 'a kernel that the operator has given',
  small: 'the small kernel',
};

const foreignMachine = ({arch}: HostFacts): Finding[] =>
  arch === 'x86_64' ? [] : [{severity: 'missing', what: `this machine is ${arch}`, fix: 'run it on x86_64'}];
