import {
  type App,
  commandOrShell,
  defineFlavor,
  dev,
  directory,
  enforced,
  equivalent,
  type HostFacts,
  impossible,
  mapIds,
  mountDevices,
  mountRootfs,
  mountVolumes,
  nameResolution,
  notApplicable,
  type Pod,
  type PodPath,
  podCgroup,
  podUnits,
  privateMounts,
  processOf,
  readBack,
  readOnlyRootfs,
  realDirectory,
  type Step,
  serviceName,
} from '@rkt/plugin-sdk';
import {asStarted} from './as-started.ts';
import {withCapabilities} from './capabilities.ts';
import {cgroupOwner, diskNodes, disksOf, limitsInside, podControllers, podLimits, withBlockLimits} from './cgroups.ts';
import {ETC, nspawnArguments, nspawnEnvironment, nspawnProgram, SHARED, TREE} from './command.ts';
import {INIT, SOCKETS_INIT, stdioOf} from './init.ts';
import {hasJournal, JOURNALD, journalUnits} from './journal.ts';
import {RELAY_PROGRAMS} from './journal-relay.ts';
import {LOG_PROGRAMS, logUnits} from './logs.ts';
import {readyUnits} from './ready.ts';
import {ownRun} from './service-manager.ts';
import {ownNamespaces, sysctls} from './sysctl.ts';

const SYSTEMD = '/usr/lib/systemd/systemd';
/** What the pod's systemd binds into each app. */
const KERNEL = ['/proc', '/sys'];
/** What the pod's PID 1 and its units execute. */
const NEEDED = [SYSTEMD, '/usr/lib/systemd/systemd-shutdown', '/bin/sh', '/bin/mount', ...LOG_PROGRAMS] as const;
/** What pods need that have a journal, and no others. */
const JOURNAL_PROGRAMS = [JOURNALD, ...RELAY_PROGRAMS] as const;
/** Since systemd 255 each service is started by a program of its own. */
const EXECUTOR = '/usr/lib/systemd/systemd-executor';
/** Where the pod's systemd and systemd-nspawn mount something. */
const DIRECTORIES = [
  '/dev',
  '/etc',
  '/opt/stage2',
  '/proc',
  '/rkt',
  '/root',
  '/run/systemd/incoming',
  '/sys',
  '/tmp',
  '/var/log',
] as const;

/** The first that tells a unit how the one that it follows has ended. */
const OLDEST_SYSTEMD = 251;
/** The newest that starts apps with exactly the capabilities that they have; measured: 252, 254 and 257. */
const NEWEST_EXACT_SYSTEMD = 254;
const GRACE_MILLISECONDS = 12_000;
const BY_SYSTEMD = "by the app's service in the pod's systemd";
const BLOCK_DEVICES =
  "for disks that are there when the pod starts; on cgroup v1 not for what is written to them later from memory, and with several apps that have their own a pod's holds for each";
const JOURNAL_LINES =
  'it keeps lines, not bytes: without empty ones and without blanks at their ends, and where another process of the app goes on with a line it ends';
const LATER = 'not implemented by this flavor';

/** Pods of several apps, each a service of a small systemd that is PID 1 of the pod, in systemd-nspawn. */
export default defineFlavor({
  name: 'nspawn',
  version: '0.1.0',
  summary: 'several apps in one pod, each a service of a small systemd in systemd-nspawn',
  properties: ['own-ipc', 'own-pid', 'host-network'],
  programs: ['systemd-nspawn', ...NEEDED, ...JOURNAL_PROGRAMS, EXECUTOR],
  liveness: 'cgroup',
  stage1Image: {directories: [...DIRECTORIES]},

  isolators: {
    'os/linux/apparmor-profile': impossible(LATER),
    'os/linux/capabilities-remove-set': enforced(`bounding set, ${BY_SYSTEMD}`, {readBack: readBack.capabilities}),
    'os/linux/capabilities-retain-set': enforced(`bounding set, ${BY_SYSTEMD}`, {readBack: readBack.capabilities}),
    'os/linux/cpu-shares': enforced('cpu weight of a cgroup', {
      requires: ['cgroup/cpu'],
      readBack: readBack.cgroup('cpuShares'),
    }),
    'os/linux/no-new-privileges': enforced(BY_SYSTEMD, {readBack: readBack.noNewPrivileges}),
    'os/linux/oom-score-adj': enforced(BY_SYSTEMD, {readBack: readBack.oomScore}),
    'os/linux/seccomp-remove-set': enforced(`filter, ${BY_SYSTEMD}`, {
      requires: ['seccomp'],
      readBack: readBack.seccomp,
    }),
    'os/linux/seccomp-retain-set': enforced(`filter, ${BY_SYSTEMD}`, {
      requires: ['seccomp'],
      readBack: readBack.seccomp,
    }),
    'os/linux/selinux-context': impossible(LATER),
    'os/unix/rlimits': enforced(BY_SYSTEMD, {readBack: readBack.limits}),
    'os/unix/sysctl': enforced("written in the pod's own namespaces before anything of it runs"),
    'resource/block-bandwidth': equivalent('limit of a cgroup, for each disk', BLOCK_DEVICES, {
      requires: ['cgroup/io'],
      readBack: readBack.cgroup('ioBandwidth'),
    }),
    'resource/block-iops': equivalent('limit of a cgroup, for each disk', BLOCK_DEVICES, {
      requires: ['cgroup/io'],
      readBack: readBack.cgroup('ioOperations'),
    }),
    'resource/cpu': enforced('cpu quota of a cgroup', {
      requires: ['cgroup/cpu'],
      readBack: readBack.cgroup('cpuMax'),
    }),
    'resource/memory': enforced('memory limit of a cgroup', {
      requires: ['cgroup/memory'],
      readBack: readBack.cgroup('memoryMax'),
    }),
    'resource/network-bandwidth': impossible(LATER),
    'resource/pids': enforced('task limit of a cgroup', {
      requires: ['cgroup/pids'],
      readBack: readBack.cgroup('pidsMax'),
    }),
  },

  features: {
    'apps/many': enforced("services of the pod's systemd"),
    'devices/policy': enforced("a program of the pod's cgroup, or its devices controller on cgroup v1", {
      requires: ['device-policy'],
      readBack: readBack.devices,
    }),
    dns: enforced("written into each app's /etc"),
    'event-handlers': enforced('services of their own, with all that the app has'),
    hostname: enforced('--hostname of systemd-nspawn'),
    'ipc/host': enforced("the host's ipc namespace", {readBack: readBack.hostNamespace('ipc')}),
    'ipc/private': enforced('an ipc namespace of the pod', {readBack: readBack.ownNamespace('ipc')}),
    'kernel-paths/masked': enforced("mounts over the pod's /proc and /sys, before any app starts", {
      readBack: readBack.mounts,
    }),
    'network/host': enforced("the host's network namespace", {readBack: readBack.hostNamespace('net')}),
    'network/named': impossible(LATER),
    'network/none': enforced('a network namespace with nothing but loopback', {readBack: readBack.ownNamespace('net')}),
    'pid/private': enforced('a pid namespace of the pod', {readBack: readBack.ownNamespace('pid')}),
    ports: impossible(LATER),
    'processes/apart': enforced('a pid namespace of its own', {readBack: readBack.ownNamespace('pid')}),
    'processes/closed': impossible(
      "the pod shares the host's kernel, and its systemd has more capabilities than its apps and no filter: with CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_BPF, CAP_PERFMON or CAP_DAC_READ_SEARCH an app can take over one or the other, unless run with --private-users",
    ),
    restart: enforced("Restart= of the app's service, after a second"),
    'rootfs/overlay': enforced('overlayfs on the shared layers of the image', {
      requires: ['filesystem/overlay'],
      readBack: readBack.mounts,
    }),
    'rootfs/read-only': enforced('read-only mount of the rootfs', {readBack: readBack.mounts}),
    'socket-activation': enforced("sockets of the pod's systemd, each for the app whose port it is"),
    'stdio/journal': equivalent('a systemd-journald in the pod, read by rkt logs', JOURNAL_LINES, {
      requires: JOURNAL_PROGRAMS.map((name) => `program/${name}` as const),
    }),
    'stdio/log': enforced('files of the pod of bounded size, read by rkt logs'),
    'stdio/stream': enforced("the caller's own standard streams"),
    'stdio/terminal': enforced("the pod's console, a terminal of its own"),
    'user-namespace': enforced(
      'a user namespace of the pod, with ids that no other pod has; files keep their owners on disk',
      {
        requires: ['user-namespaces'],
        readBack: readBack.ownNamespace('user'),
      },
    ),
    'volume/device': enforced('bind mount', {readBack: readBack.mounts}),
    'volume/empty': enforced("bind mount of a directory of the pod's", {readBack: readBack.mounts}),
    'volume/host': enforced('bind mount', {readBack: readBack.mounts}),
  },

  verbs: {
    'app-add': impossible(LATER),
    'app-rm': impossible(LATER),
    'app-start': impossible(LATER),
    'app-stop': impossible(LATER),
    attach: impossible(LATER),
    enter: enforced("joins the app's namespaces, root and cgroup with the app's own credentials and filter"),
    'exit-status': enforced('written by each service when it ends'),
    gc: enforced("the kernel drops the mounts with the pod's PID 1; the cgroups and the directory are removed"),
    logs: enforced('of apps with --stdout=log or --stdout=journal, and the same for --stderr'),
    ready: enforced('when every app has been started'),
    run: enforced('systemd-nspawn takes the place of rkt'),
    stats: notApplicable('rkt has no such command yet'),
    stop: enforced("the pod's systemd stops its services; after twelve seconds all are killed"),
  },

  probe: (host) => [
    ...lacking(host).map((program) => ({
      severity: 'missing' as const,
      what: `${program} is not installed`,
      fix: program === 'systemd-nspawn' ? 'install the package systemd-container' : `install what has ${program}`,
    })),
    ...(systemdVersion(host) >= OLDEST_SYSTEMD || lacking(host).includes('systemd-nspawn')
      ? []
      : [
          {
            severity: 'missing' as const,
            what: Number.isNaN(systemdVersion(host))
              ? 'systemd-nspawn does not tell its version'
              : `systemd ${systemdVersion(host)} is too old`,
            fix: `install ${OLDEST_SYSTEMD} or newer`,
          },
        ]),
    ...(!(systemdVersion(host) > NEWEST_EXACT_SYSTEMD)
      ? []
      : [
          {
            severity: 'degraded' as const,
            what:
              `systemd ${systemdVersion(host)} gives apps inheritable capabilities, and they cannot read all of their own first ` +
              'process in /proc; rkt enter differs in both',
            fix: `run pods with systemd ${OLDEST_SYSTEMD} to ${NEWEST_EXACT_SYSTEMD}, for example of an image: --stage1=IMAGE`,
          },
        ]),
    ...JOURNAL_PROGRAMS.filter((name) => host.programs[name] == null).map((name) => ({
      severity: 'note' as const,
      what: `${name} is not installed: no app can write to a journal`,
      fix: name === JOURNALD ? 'install the package systemd' : `install what has ${name}`,
    })),
    ...(host.cgroup.hierarchies.some(({version}) => version === 2)
      ? []
      : [
          {
            severity: 'missing' as const,
            what: 'no cgroup2 is mounted',
            fix: 'mount it, on /sys/fs/cgroup/unified where cgroup v1 is in use',
          },
        ]),
  ],

  filesystem: (pod, host) => [
    privateMounts(...ownNamespaces(pod)),
    ...mapIds(pod),
    {
      id: 'stage1',
      do: 'host-tree',
      programs: [...NEEDED, ...JOURNAL_PROGRAMS, EXECUTOR].flatMap((name) => host.programs[name]?.path ?? []),
      directories: DIRECTORIES.map(rootfsPath),
      ...(pod.stage1 === undefined ? {} : {tree: pod.stage1.tree}),
      target: podPath(TREE),
    },
    ...pod.apps.flatMap((app) => [mountRootfs(app), ...mountVolumes(pod, app)]),
  ],

  environment: (pod, host) => [
    // In the cgroup rkt itself may not make them any more.
    ...diskNodes(pod, host, ETC),
    {...podCgroup(pod, podLimits(pod), podControllers(pod, host)), ...cgroupOwner(pod, host)} satisfies Step,
    ...sysctls(pod),
    ...ownRun(pod, host),
    ...['status', 'logs', ...(hasJournal(pod) ? ['journal'] : [])].map((name) => podDirectory(`${SHARED}/${name}`)),
    ...configuration(pod, host),
    ...pod.apps.flatMap((app) => [
      // systemd makes these itself, but not in a read-only rootfs.
      ...[
        ...(pod.resolvConf === null && pod.hosts === null ? ['/etc'] : []),
        '/proc',
        '/root',
        '/run/systemd/incoming',
        '/sys',
        '/tmp',
        '/usr',
        '/var',
      ]
        // What a volume has is its own business.
        .filter((path) => app.mounts.every((mount) => !`${path}/`.startsWith(`${mount.path}/`)))
        .map((path) => (KERNEL.includes(path) ? realDirectory : directory)(app, path)),
      // nspawn's has the host's tunnel device, and no console without a terminal.
      ...dev(app, {shared: true}),
      ...mountDevices(pod, app),
      ...nameResolution(pod, app),
      {id: `program.${app.name}`, do: 'check-program', app: app.name} satisfies Step,
      ...readOnlyRootfs(app),
    ]),
  ],

  launch: (pod, host) => ({
    into: 'host',
    program: nspawnProgram(host),
    process: {
      argv: nspawnArguments(pod, host),
      env: nspawnEnvironment(pod, host),
      cwd: rootfsPath('/'),
      uid: 0,
      gid: 0,
      groups: [],
      umask: 0o022,
      capabilities: {bounding: host.capabilities, effective: host.capabilities, ambient: []},
      noNewPrivileges: false,
      seccomp: null,
      rlimits: [],
      oomScoreAdj: null,
    },
    passSockets: true,
    keepLock: true,
    ignoreHangup: true,
    reopensStdio: pod.interactive ? false : pod.idMap === undefined ? true : {owner: pod.idMap.base},
  }),

  appCgroup: (_pod, app) => `payload/system.slice/${serviceName(app)}`,

  enter: (pod, app, command) => ({
    into: 'member',
    member: processOf(pod, app),
    namespaces: ['mount', 'uts', 'ipc', 'net', 'cgroup', 'pid', ...(pod.userNamespace ? (['user'] as const) : [])],
    process: {...asStarted(withCapabilities(pod, app).process), argv: commandOrShell(command)},
    passSockets: false,
  }),

  stop: (_pod, force) =>
    force
      ? [{do: 'kill'}]
      : [
          {do: 'signal', to: 'supervisor', signal: 'SIGTERM'},
          {do: 'await-exit', milliseconds: GRACE_MILLISECONDS},
          {do: 'kill'},
        ],
});

const podPath = (path: string) => path as PodPath;
const rootfsPath = (path: string) => path as App['process']['cwd'];

const lacking = ({programs}: HostFacts): string[] =>
  ['systemd-nspawn', ...NEEDED].filter((name) => programs[name] == null);

const podDirectory = (path: string): Step => ({
  id: `dir.${path}`,
  do: 'mkdir',
  target: {in: 'pod', path: podPath(path)},
  mode: 0o755,
  uid: 0,
  gid: 0,
});

const systemdVersion = ({programs}: HostFacts): number =>
  Number.parseInt(programs['systemd-nspawn']?.version ?? '0', 10);

/** A program that the image does not have is found missing by the check before the launch, which says so better. */
const withProgram = (app: App): App =>
  app.executable === null ? {...app, executable: rootfsPath(`/${app.process.argv[0]}`)} : app;

/** The pod's /etc: systemd's units, the users that its services name, and what becomes systemd. */
const configuration = (pod: Pod, host: HostFacts): Step[] => {
  const limited = withBlockLimits(pod);
  const files = [
    ...podUnits(
      {...limited, apps: limited.apps.map((app) => withCapabilities(pod, withProgram(app)))},
      {
        rootOf: ({name}) => `/opt/stage2/${name}/rootfs`,
        stdio: (app) => stdioOf(pod, app),
        limits: limitsInside(pod),
        bindDev: () => false,
        statusDirectory: '/rkt/status',
        systemdVersion: systemdVersion(host),
        ...(host.sockets === undefined ? {} : {sockets: host.sockets}),
        cgroupVersion: host.cgroup.mode === 'v2' ? 2 : 1,
        disks: disksOf(pod, host),
      },
    ),
    ...readyUnits(pod),
    ...logUnits(pod),
    ...journalUnits(pod),
    {path: 'rkt/init', content: host.sockets === undefined ? INIT : SOCKETS_INIT, mode: 0o644},
    {path: 'machine-id', content: `${pod.uuid.replaceAll('-', '')}\n`, mode: 0o444},
  ];
  const directories = new Set(files.map(({path}) => path.split('/').slice(0, -1).join('/')));
  return [
    ...[...directories].sort().map((path) => podDirectory(path === '' ? ETC : `${ETC}/${path}`)),
    ...files.map(
      ({path, content, mode}): Step => ({
        id: `etc.${path}`,
        do: 'write',
        target: {in: 'pod', path: podPath(`${ETC}/${path}`)},
        content,
        mode,
        uid: 0,
        gid: 0,
      }),
    ),
  ];
};
