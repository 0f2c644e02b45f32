import {
  type App,
  byHostKernel,
  commandOrShell,
  defineFlavor,
  dev,
  enforced,
  equivalent,
  inRootfs,
  kernelPaths,
  mountDevices,
  mountRootfs,
  mountVolumes,
  nameResolution,
  type Pod,
  podCgroup,
  privateMounts,
  proc,
  processOf,
  readBack,
  readOnlyRootfs,
  redirectedStreams,
  sys,
  unsupported,
} from '@rkt/plugin-sdk';

// Everything is refused that is not promised below.
const rest = unsupported();

export default defineFlavor({
  name: 'my-flavor',
  version: '0.1.0',
  summary: "one app in its own root directory, on the host's network and pids",
  properties: ['host-ipc', 'host-network', 'host-pid'],
  liveness: 'cgroup',

  isolators: byHostKernel({
    ...rest.isolators,
    'os/linux/capabilities-remove-set': enforced('bounding set reduced before execve'),
    'os/linux/capabilities-retain-set': enforced('bounding set reduced before execve'),
    'os/linux/no-new-privileges': enforced('PR_SET_NO_NEW_PRIVS before execve'),
    'os/linux/seccomp-remove-set': enforced('filter before execve'),
    'os/linux/seccomp-retain-set': enforced('filter before execve'),
    'resource/cpu': enforced("quota of the pod's cgroup"),
    'resource/memory': enforced("limit of the pod's cgroup"),
    'resource/pids': enforced("limit of the pod's cgroup"),
  }),

  features: {
    ...rest.features,
    'devices/policy': enforced("the pod's cgroup", {requires: ['device-policy'], readBack: readBack.devices}),
    dns: enforced("written into the app's /etc"),
    'kernel-paths/masked': enforced('mounts over /proc and /sys', {readBack: readBack.mounts}),
    'network/host': enforced("the host's network namespace", {readBack: readBack.hostNamespace('net')}),
    'processes/apart': enforced('a Landlock domain of its own', {requires: ['landlock']}),
    'rootfs/overlay': enforced('overlayfs', {requires: ['filesystem/overlay'], readBack: readBack.mounts}),
    'rootfs/read-only': enforced('read-only mount', {readBack: readBack.mounts}),
    'stdio/inherited': equivalent("the caller's own", 'the app can change the mode of files among them'),
    'stdio/stream': enforced("the caller's own standard streams"),
    'stdio/terminal': enforced("the caller's own terminal"),
    user: enforced('set before execve'),
    'volume/empty': enforced("bind mount of a directory of the pod's", {readBack: readBack.mounts}),
    'volume/host': enforced('bind mount', {readBack: readBack.mounts}),
    'volume/sys': enforced('bind mount', {readBack: readBack.mounts}),
  },

  verbs: {
    ...rest.verbs,
    enter: enforced("joins the app's mount namespace and cgroup"),
    gc: enforced('the kernel drops the mounts with the last process'),
    run: enforced('pivot_root and execve'),
    stop: enforced("signals to the pod's cgroup"),
  },

  probe: () => [],

  filesystem: (pod) => [privateMounts(), mountRootfs(appOf(pod)), ...mountVolumes(pod, appOf(pod))],

  environment: (pod) => {
    const app = appOf(pod);
    return [
      podCgroup(pod, {...pod.limits, ...app.limits}),
      ...proc(app),
      ...sys(app),
      ...dev(app),
      ...mountDevices(pod, app),
      ...kernelPaths(pod, app),
      ...nameResolution(pod, app),
      ...readOnlyRootfs(app),
    ];
  },

  launch: (pod) => {
    const app = appOf(pod);
    return {
      into: 'rootfs',
      root: inRootfs(app, '/'),
      process: app.process,
      passSockets: false,
      ...redirectedStreams(app),
    };
  },

  enter: (pod, app, command) => ({
    into: 'member',
    member: processOf(pod, app),
    namespaces: ['mount'],
    process: {...app.process, argv: commandOrShell(command)},
    passSockets: false,
  }),
});

// A pod of several apps has been refused: 'apps/many' is not promised.
const appOf = ({apps: [app]}: Pod): App => {
  if (app === undefined) throw new Error('a pod has an app');
  return app;
};
