import {
  type App,
  byHostKernel,
  commandOrShell,
  defineFlavor,
  dev,
  enforced,
  equivalent,
  type HostFacts,
  impossible,
  mountDevices,
  mountRootfs,
  mountVolumes,
  nameResolution,
  type Pod,
  type Process,
  podCgroup,
  privateMounts,
  processOf,
  readBack,
  readOnlyRootfs,
  realDirectory,
  relaySignals,
  type Step,
  sys,
  unsupported,
} from '@rkt/plugin-sdk';

const rest = unsupported();
const FILTER = 'bwrap takes a filter from an open file alone, and a flavor opens none';
const BOUNDING = 'the bounding set is not reduced: no program gets more because of no_new_privs';
const CAPABILITIES = equivalent('--cap-drop, --cap-add and no_new_privs', BOUNDING);
const INHERITED = 'inherited from bwrap, which is started with them';
const mounted = (mechanism: string) => enforced(mechanism, {readBack: readBack.mounts});

/** One app as root in bubblewrap: rkt makes its files and cgroup, bwrap its namespaces and capabilities. */
export default defineFlavor({
  name: 'bubblewrap',
  version: '0.1.0',
  summary: 'one app of root in bubblewrap, with pids of its own',
  properties: ['host-network', 'own-pid'],
  liveness: 'cgroup',
  programs: ['bwrap', 'setpriv'],

  isolators: {
    ...byHostKernel({
      ...rest.isolators,
      'os/linux/no-new-privileges': equivalent('set by bwrap', 'every app has it, whether it asks or not'),
      'os/linux/oom-score-adj': enforced(INHERITED),
      'os/linux/seccomp-remove-set': impossible(FILTER),
      'os/linux/seccomp-retain-set': impossible(FILTER),
      'os/unix/rlimits': enforced(INHERITED),
      'resource/cpu': enforced("quota of the pod's cgroup"),
      'resource/memory': enforced("limit of the pod's cgroup"),
      'resource/pids': enforced("limit of the pod's cgroup"),
    }),
    'os/linux/capabilities-remove-set': CAPABILITIES,
    'os/linux/capabilities-retain-set': CAPABILITIES,
  },

  features: {
    ...rest.features,
    'devices/policy': enforced("the pod's cgroup", {requires: ['device-policy'], readBack: readBack.devices}),
    dns: enforced("written into the app's /etc"),
    hostname: enforced('--hostname', {readBack: readBack.ownNamespace('uts')}),
    'ipc/host': enforced("the host's ipc namespace", {readBack: readBack.hostNamespace('ipc')}),
    'ipc/private': enforced('an ipc namespace of its own', {readBack: readBack.ownNamespace('ipc')}),
    'kernel-paths/masked': impossible('bwrap mounts /proc, and ends when it is to hide what this kernel has not there'),
    'network/host': enforced("the host's network namespace", {readBack: readBack.hostNamespace('net')}),
    'network/none': impossible('bwrap mounts no /sys, and one that is there before it shows another network'),
    'pid/private': enforced('--unshare-pid', {readBack: readBack.ownNamespace('pid')}),
    'processes/apart': enforced('--unshare-pid', {readBack: readBack.ownNamespace('pid')}),
    'rootfs/overlay': enforced('overlayfs', {requires: ['filesystem/overlay'], readBack: readBack.mounts}),
    'rootfs/read-only': mounted('read-only mount'),
    'stdio/inherited': equivalent("the caller's own", 'the app can change the mode of files among them'),
    'stdio/stream': enforced("the caller's own standard streams"),
    user: impossible('bwrap changes users in a user namespace alone'),
    'volume/empty': mounted("bind mount of a directory of the pod's"),
    'volume/host': mounted('bind mount'),
  },

  verbs: {
    ...rest.verbs,
    enter: enforced("joins the app's namespaces and cgroup with its capabilities"),
    gc: enforced('the kernel drops the mounts with the last process'),
    run: enforced('bwrap', {requires: ['program/bwrap', 'program/setpriv']}),
    stop: enforced('SIGTERM to the app, after ten seconds SIGKILL to all'),
  },

  probe: () => [],

  filesystem: (pod) => [
    privateMounts(...(pod.ipc === 'private' ? (['ipc'] as const) : [])),
    mountRootfs(appOf(pod)),
    ...mountVolumes(pod, appOf(pod)),
  ],

  environment: (pod) => {
    const app = appOf(pod);
    return [
      podCgroup(pod, {...pod.limits, ...app.limits}),
      realDirectory(app, '/proc'),
      ...sys(app),
      ...dev(app),
      ...mountDevices(pod, app),
      ...nameResolution(pod, app),
      {id: 'program', do: 'check-program', app: app.name} satisfies Step,
      ...readOnlyRootfs(app),
    ];
  },

  // The app is the child of the first process of its pid namespace, which is bwrap's.
  launch: (pod, host) => relaySignals(host, appOf(pod), ['bwrap', ...bwrapArguments(pod, appOf(pod))], 2),

  appProcess: () => ({in: 'child', generation: 3}),

  enter: (pod, app, command, host) => ({
    into: 'member',
    member: processOf(pod, app),
    namespaces: ['mount', 'ipc', 'uts', 'net', 'pid'],
    process: {...asByBwrap(app.process, host), argv: commandOrShell(command)},
    passSockets: false,
  }),
});

/** Every option of bwrap takes a fixed number of words, so no text of an image can be taken for another option. */
const bwrapArguments = (pod: Pod, {mountPoint, process}: App): string[] => [
  ...['--dev-bind', `${pod.directory}/${mountPoint}`, '/', '--unshare-pid', '--proc', '/proc', '--die-with-parent'],
  ...(pod.hostname === null ? [] : ['--unshare-uts', '--hostname', pod.hostname]),
  ...['--cap-drop', 'ALL', ...process.capabilities.bounding.flatMap((name) => ['--cap-add', name])],
  ...['--clearenv', ...process.env.flatMap(({name, value}) => ['--setenv', name, value])],
  ...['--chdir', process.cwd, '--', ...process.argv],
];

/** The options by which bwrap makes the app's process. */
const asByBwrap = ({capabilities: {effective}, env, ...process}: Process, host: HostFacts): Process => ({
  ...process,
  capabilities: {bounding: host.capabilities, effective, ambient: effective},
  env: [...env.filter(({name}) => name !== 'PWD'), {name: 'PWD', value: process.cwd}],
  noNewPrivileges: true,
});

const appOf = ({apps: [app]}: Pod): App => {
  if (app === undefined) throw new Error('a pod has an app');
  return app;
};
