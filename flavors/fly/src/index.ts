import {
  type App,
  byHostKernel,
  commandOrShell,
  defineFlavor,
  dev,
  enforced,
  equivalent,
  type Finding,
  type HostFacts,
  impossible,
  inRootfs,
  kernelPaths,
  LOGS,
  mountDevices,
  mountRootfs,
  mountVolumes,
  nameResolution,
  notApplicable,
  type Pod,
  podCgroup,
  privateMounts,
  proc,
  processOf,
  readBack,
  readOnlyRootfs,
  redirectedStreams,
  type Step,
  sys,
  usualDirectories,
} from '@rkt/plugin-sdk';
import {bindNotifySocket, withNotifySocket} from './notify.ts';

const NO_SUPERVISOR = 'the app replaces rkt: nothing stays beside it';
const FILES =
  'of a file that can be written who is root or its owner can change the mode, setuid too, and anybody its flags: give it a pipe';
const STREAMS = `${FILES}; a terminal is there for what outlives the app, too, unless the pod is interactive`;
const ENTERED = `${FILES}; on a terminal it has one of the pod's`;
const HOST_NETWORK = "the app shares the host's network";
const BLOCK_DEVICES =
  'for disks that are there when the app starts; on cgroup v1 not for what is written to them later from memory';

/** One app, in its own root directory on the host's network and pids, with everything else that a single process can be denied. */
export default defineFlavor({
  name: 'fly',
  version: '0.1.0',
  summary: "one app in its own root directory, on the host's network and pids",
  properties: ['host-ipc', 'host-network', 'host-pid', 'rootless'],
  liveness: 'cgroup',

  isolators: byHostKernel({
    'os/linux/apparmor-profile': enforced('change of profile at execve'),
    'os/linux/capabilities-remove-set': enforced('bounding set reduced before execve'),
    'os/linux/capabilities-retain-set': enforced('bounding set reduced before execve'),
    'os/linux/cpu-shares': enforced("cpu weight of the pod's cgroup"),
    'os/linux/cpuset-cpus': enforced("cpuset of the pod's cgroup"),
    'os/linux/cpuset-mems': enforced("cpuset of the pod's cgroup"),
    'os/linux/no-new-privileges': enforced('PR_SET_NO_NEW_PRIVS before execve'),
    'os/linux/oom-score-adj': enforced('/proc/self/oom_score_adj before execve'),
    'os/linux/seccomp-remove-set': enforced('seccomp filter before execve'),
    'os/linux/seccomp-retain-set': enforced('seccomp filter before execve'),
    'os/linux/selinux-context': enforced('context of the next execve'),
    'os/unix/rlimits': enforced('prlimit before execve'),
    'os/unix/sysctl': impossible(
      "the pod shares the host's network, and its ipc unless run with --ipc=private or by an ordinary user; fly sets none of an ipc namespace of the pod's own",
    ),
    'resource/block-bandwidth': equivalent("limit of the pod's cgroup, for each disk", BLOCK_DEVICES),
    'resource/block-iops': equivalent("limit of the pod's cgroup, for each disk", BLOCK_DEVICES),
    'resource/cpu': enforced("cpu quota of the pod's cgroup"),
    'resource/hugepages': enforced("limits of the pod's cgroup"),
    'resource/memory': enforced("memory limit of the pod's cgroup"),
    'resource/network-bandwidth': impossible(HOST_NETWORK),
    'resource/pids': enforced("task limit of the pod's cgroup"),
  }),

  features: {
    'apps/many': impossible('the launched process is the app, so there can be only one'),
    'devices/policy': enforced("a program of the pod's cgroup, or its devices controller on cgroup v1", {
      requires: ['device-policy'],
      readBack: readBack.devices,
    }),
    dns: enforced("written into the app's /etc before execve"),
    'event-handlers': impossible(NO_SUPERVISOR),
    hostname: impossible("the app shares the host's uts namespace"),
    'ipc/host': enforced("the host's ipc namespace", {readBack: readBack.hostNamespace('ipc')}),
    'ipc/private': enforced('an ipc namespace of its own', {readBack: readBack.ownNamespace('ipc')}),
    'kernel-paths/masked': enforced('bind mounts over /proc and /sys', {readBack: readBack.mounts}),
    'machine/unique': notApplicable('the machine is the host'),
    'network/host': enforced("the host's network namespace", {readBack: readBack.hostNamespace('net')}),
    'network/named': impossible(HOST_NETWORK),
    'network/none': impossible(HOST_NETWORK),
    'network/prepared': impossible(HOST_NETWORK),
    notify: enforced('rkt says so right before it becomes the app; an app that says so itself has the socket'),
    'pid/private': enforced("of an ordinary user, a pid namespace of its own; root's app shares the host's", {
      requires: ['rootless'],
      readBack: readBack.ownNamespace('pid'),
    }),
    ports: impossible(
      `${HOST_NETWORK}; it listens there without forwarding: an ordinary user's on ports from net.ipv4.ip_unprivileged_port_start (1024) on`,
    ),
    'processes/apart': enforced('a Landlock domain of its own, in run and in enter', {
      requires: ['landlock'],
    }),
    'processes/closed': impossible(
      "the app shares the host's kernel and sees its processes: with CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_BPF, CAP_PERFMON or CAP_DAC_READ_SEARCH it is as good as root of the host. An ordinary user's sees none of them and gets no right that the user lacks, but has more of the kernel within reach",
    ),
    restart: impossible(NO_SUPERVISOR),
    watchdog: impossible(NO_SUPERVISOR),
    'rootfs/overlay': enforced('overlayfs on the shared layers of the image', {
      requires: ['filesystem/overlay'],
      readBack: readBack.mounts,
    }),
    'rootfs/read-only': enforced('read-only mount of the rootfs', {readBack: readBack.mounts}),
    'socket-activation': enforced('the sockets of LISTEN_FDS stay open across execve'),
    'stdio/inherited': equivalent("the caller's own", STREAMS),
    'stdio/journal': impossible(NO_SUPERVISOR),
    'stdio/log': enforced('files of the pod, read by rkt logs and kept in bounds by rkt gc'),
    'stdio/stream': enforced("the caller's own standard streams"),
    'stdio/terminal': enforced(
      "a terminal of its own, before which rkt stays; the caller's own under a service manager that waits for rkt, or with passed sockets",
    ),
    user: enforced('set before execve', {requires: ['ids']}),
    'user-namespace': impossible(
      "the app shares rkt's user namespace: the host's, or for an ordinary user one of that user's",
    ),
    'volume/device': enforced('bind mount', {readBack: readBack.mounts}),
    'volume/empty': enforced("bind mount of a directory of the pod's", {readBack: readBack.mounts}),
    'volume/host': enforced('bind mount', {readBack: readBack.mounts}),
    'volume/shared': enforced('bind mount, a peer of its source', {requires: ['root'], readBack: readBack.mounts}),
    'volume/slave': enforced('bind mount, a slave of its source', {readBack: readBack.mounts}),
    'volume/sys': enforced('bind mount', {readBack: readBack.mounts}),
  },

  verbs: {
    'app-add': impossible('one app'),
    'app-rm': impossible('one app'),
    'app-start': impossible('one app'),
    'app-stop': impossible('one app'),
    attach: notApplicable("the app has the caller's own standard input and output"),
    enter: equivalent("joins the app's namespaces, root and cgroup with the app's own credentials and filter", ENTERED),
    'exit-status': impossible('it is the status of the rkt process itself: the caller has it, nobody records it'),
    gc: enforced('the kernel drops the mounts with the last process; the cgroups and the directory are removed'),
    logs: enforced('of an app with --stdout=log or --stderr=log'),
    ready: notApplicable('ready as soon as it runs'),
    run: enforced('pivot_root and execve'),
    stats: impossible('rkt has no such command yet'),
    stop: enforced("signals to the pod's cgroup, or the end of its pid namespace"),
  },

  probe: (host) => [
    ...(host.rootless === undefined ? [] : findingsOfUser(host, host.rootless)),
    ...(host.cgroup.mode === 'none'
      ? [
          {
            severity: 'degraded',
            what:
              host.rootless === undefined
                ? 'no cgroups are mounted: no memory, cpu and pids limits, and a pod counts as exited when its app has, even if children of it are left'
                : 'an ordinary user has no cgroups, since rkt does not use yet what a service manager may have delegated: no memory, cpu and pids limits',
            fix: host.rootless === undefined ? 'mount cgroup2 on /sys/fs/cgroup' : 'run rkt as root',
          } as const,
        ]
      : []),
  ],

  filesystem: (pod, host) => [
    privateMounts(...(hasOwnIpc(pod, host) ? (['ipc'] as const) : []), ...(hasOwnPids(host) ? (['pid'] as const) : [])),
    mountRootfs(appOf(pod)),
    ...mountVolumes(pod, appOf(pod)),
  ],

  environment: (pod, host) => {
    const app = appOf(pod);
    return [
      ...logDirectory(app),
      // One app, one cgroup: the app's own limits are within the pod's already.
      podCgroup(pod, {...pod.limits, ...app.limits}),
      ...usualDirectories(app),
      ...proc(app, {...host, ownPids: hasOwnPids(host)}),
      ...sys(app, host),
      ...dev(app, {terminal: hasTerminal(host), ownIpc: hasOwnIpc(pod, host), rootless: host.rootless}),
      ...bindNotifySocket(app, host),
      ...mountDevices(pod, app),
      ...kernelPaths(pod, app),
      ...nameResolution(pod, app),
      ...readOnlyRootfs(app),
    ];
  },

  launch: (pod, host) => {
    const app = appOf(pod);
    return {
      into: 'rootfs',
      root: inRootfs(app, '/'),
      process: withNotifySocket(app, host),
      passSockets: true,
      ...(host.notifySocket !== undefined && !app.notifies && {tellsReady: true}),
      ...(hasTerminal(host) && {terminal: inRootfs(app, '/dev/console')}),
      ...redirectedStreams(app),
    };
  },

  enter: (pod, app, command, host) => ({
    into: 'member',
    member: processOf(pod, app),
    namespaces: [
      'mount',
      ...(hasOwnIpc(pod, host) ? (['ipc'] as const) : []),
      ...(hasOwnPids(host) ? (['pid'] as const) : []),
    ],
    process: {...app.process, argv: commandOrShell(command)},
    passSockets: false,
  }),
});

type Rootless = NonNullable<HostFacts['rootless']>;

/** The first version of Landlock's interface that confines a pod of a user to its own sockets and processes. */
const LANDLOCK_WITH_SCOPES = 6;

const IDS: {readonly [L in NonNullable<Rootless['idsLack']>]: readonly [because: string, fix: string]} = {
  programs: ['newuidmap and newgidmap are not installed', 'apt-get install uidmap'],
  ranges: [
    'the user has no range in /etc/subuid and /etc/subgid',
    'usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER, with a range that nobody else has',
  ],
  rights: [
    'rkt was started with no-new-privileges, so that newuidmap cannot give any',
    'start it without (NoNewPrivileges= of a unit, setpriv --no-new-privs)',
  ],
};

const findingsOfUser = (host: HostFacts, {users, groups, changesGroups, idsLack}: Rootless): Finding[] => [
  ...(host.userNamespaces
    ? []
    : [
        {
          severity: 'missing',
          what: 'user namespaces are switched off for ordinary users',
          fix: 'sysctl user.max_user_namespaces=10000, and kernel.unprivileged_userns_clone=1 where there is such a setting',
        } satisfies Finding,
      ]),
  {
    severity: 'note',
    what: `to the host, root of a pod is the user who runs rkt. A pod has ${users === 1 ? 'no other user' : `${users} users`} and ${groups === 1 ? 'no other group' : `${groups} groups`}`,
  },
  {severity: 'note', what: "a pod has the host's network: what listens on loopback takes it for a program of the user"},
  ...((host.lsm.landlock ?? 0) >= LANDLOCK_WITH_SCOPES
    ? []
    : [
        {
          severity: 'degraded',
          what: `a pod can connect to the abstract sockets of the user's programs, which may do what it asks for: Landlock has version ${host.lsm.landlock ?? 0} here, and only version ${LANDLOCK_WITH_SCOPES} keeps a pod from that`,
          fix: 'Linux 6.12, with "landlock" among the lsm= of its command line',
        } satisfies Finding,
      ]),
  ...(host.filesystems.includes('overlay')
    ? []
    : [
        {
          severity: 'degraded',
          what: 'an ordinary user mounts no overlays here, so that each pod has a copy of its image',
          fix: 'Linux 5.11',
        } satisfies Finding,
      ]),
  ...(host.filesystems.includes('proc')
    ? []
    : [
        {
          severity: 'missing',
          what: 'a /proc for the pod: parts of the one that rkt sees are hidden, as in most containers, and the kernel then mounts no other',
          fix: 'start the container without masks over /proc (docker: --security-opt systempaths=unconfined; podman: --security-opt unmask=ALL), or run rkt outside of it',
        } satisfies Finding,
      ]),
  ...(changesGroups
    ? []
    : [
        {
          severity: 'degraded',
          what: `no subordinate ids${idsLack === undefined ? '' : `, because ${IDS[idsLack][0]}`}: apps can only run as root of the pod, images with files of other users are refused, and apps keep the further groups of the user who runs rkt`,
          ...(idsLack === undefined ? {} : {fix: IDS[idsLack][1]}),
        } satisfies Finding,
      ]),
];

/** A pod of root is known by its cgroup, and its app replaces rkt. */
const hasOwnPids = ({rootless}: HostFacts): boolean => rootless !== undefined;

const hasOwnIpc = ({ipc}: Pick<Pod, 'ipc'>, {rootless}: HostFacts): boolean =>
  ipc === 'private' || (ipc === 'auto' && rootless !== undefined);

const hasTerminal = ({terminals = []}: HostFacts): boolean => terminals.length > 0;

const logDirectory = ({stdio: {stdout, stderr}}: App): Step[] =>
  stdout === 'log' || stderr === 'log'
    ? [{id: 'logs', do: 'mkdir', target: {in: 'pod', path: LOGS}, mode: 0o755, uid: 0, gid: 0}]
    : [];

// The core refuses a pod of several apps before any hook sees it.
const appOf = (pod: Pod): App => {
  const [app] = pod.apps;
  if (app === undefined) throw new Error(`pod ${pod.uuid} has no app`);
  return app;
};
