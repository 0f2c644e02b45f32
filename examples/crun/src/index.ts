import {
  type App,
  byHostKernel,
  commandOrShell,
  defineFlavor,
  dev,
  enforced,
  equivalent,
  type HostFacts,
  mountDevices,
  mountRootfs,
  mountVolumes,
  nameResolution,
  type Pod,
  podCgroup,
  podPath,
  privateMounts,
  processOf,
  readBack,
  realDirectory,
  relaySignals,
  type Step,
  sys,
  unsupported,
} from '@rkt/plugin-sdk';
import {CALLS_OF_CRUN, filterOf, ociConfig} from './oci-config.ts';

const rest = unsupported();
const BY_CRUN = 'config.json, by crun';
const INHERITED = 'inherited from crun, which is started with them';
const OWN_CALLS = `without no-new-privileges what crun itself calls to start an app is allowed, too: ${CALLS_OF_CRUN.join(', ')}`;
const BUNDLE = podPath('stage1/bundle');
const mounted = (mechanism: string) => enforced(mechanism, {readBack: readBack.mounts});

/**
 * The first process of the pod's pid namespace. An app in its place would ignore signals that it has no handler for, and crun in its place would wait for everything that an app leaves behind. So this one has
 * crun create the app, which becomes its first child, and start it; it waits for the app and ends with its status, and then the kernel ends the rest.
 */
const FIRST = `
my ($bundle, $file, $id, @crun) = @ARGV;
sub crun { system { $crun[0] } @crun, @_; exit($? >> 8 || 1) if $? }
crun('create', "--bundle=$bundle", "--pid-file=$file", $id);
open(my $pid, '<', $file) or die "$file: $!\\n";
my $app = <$pid>;
crun('start', $id);
while ((my $ended = wait) != $app) { exit 1 if $ended < 0 }
exit($? & 127 ? 128 + ($? & 127) : $? >> 8);`;

/** One app as an OCI container of crun: rkt makes its files and cgroup, crun the rest. */
export default defineFlavor({
  name: 'crun',
  version: '0.1.0',
  summary: 'one app as an OCI container of crun, with pids of its own',
  properties: ['host-network', 'own-pid'],
  liveness: 'cgroup',
  programs: ['crun', 'perl', 'setpriv', 'unshare'],

  isolators: byHostKernel({
    ...rest.isolators,
    'os/linux/capabilities-remove-set': enforced(BY_CRUN),
    'os/linux/capabilities-retain-set': enforced(BY_CRUN),
    'os/linux/no-new-privileges': enforced(BY_CRUN),
    'os/linux/oom-score-adj': enforced(INHERITED),
    'os/linux/seccomp-remove-set': enforced(BY_CRUN),
    'os/linux/seccomp-retain-set': equivalent(BY_CRUN, OWN_CALLS),
    'os/unix/rlimits': enforced(INHERITED),
    'resource/cpu': enforced("quota of the pod's cgroup"),
    'resource/memory': enforced("limit of the pod's cgroup"),
    'resource/pids': enforced("limit of the pod's cgroup"),
  }),

  features: {
    ...rest.features,
    'devices/policy': enforced("the pod's cgroup", {requires: ['device-policy'], readBack: readBack.devices}),
    dns: enforced("written into the app's /etc"),
    hostname: enforced(BY_CRUN, {readBack: readBack.ownNamespace('uts')}),
    'ipc/host': enforced("the host's ipc namespace", {readBack: readBack.hostNamespace('ipc')}),
    'ipc/private': enforced('an ipc namespace of its own', {readBack: readBack.ownNamespace('ipc')}),
    'kernel-paths/masked': mounted(BY_CRUN),
    'network/host': enforced("the host's network namespace", {readBack: readBack.hostNamespace('net')}),
    'network/none': enforced(BY_CRUN, {readBack: readBack.ownNamespace('net')}),
    'pid/private': enforced('unshare --pid', {readBack: readBack.ownNamespace('pid')}),
    'processes/apart': enforced('unshare --pid', {readBack: readBack.ownNamespace('pid')}),
    'rootfs/overlay': enforced('overlayfs', {requires: ['filesystem/overlay'], readBack: readBack.mounts}),
    'rootfs/read-only': mounted(BY_CRUN),
    'stdio/inherited': equivalent("the caller's own", 'the app can change the mode of files among them'),
    'stdio/stream': enforced("the caller's own standard streams"),
    user: enforced(BY_CRUN),
    'volume/empty': mounted("bind mount of a directory of the pod's"),
    'volume/host': mounted('bind mount'),
  },

  verbs: {
    ...rest.verbs,
    enter: enforced("joins the app's namespaces and cgroup with all that it has"),
    gc: enforced('the kernel drops the mounts with the last process; the state of crun is in the pod'),
    run: enforced('crun run', {requires: ['program/crun', 'program/perl', 'program/setpriv', 'program/unshare']}),
    stop: enforced('SIGTERM to the app, after ten seconds SIGKILL to all'),
  },

  probe: () => [],

  filesystem: (pod) => [
    privateMounts(...(pod.ipc === 'private' ? (['ipc'] as const) : [])),
    mountRootfs(appOf(pod)),
    ...mountVolumes(pod, appOf(pod)),
  ],

  environment: (pod, host) => {
    const app = appOf(pod);
    return [
      podCgroup(pod, {...pod.limits, ...app.limits}),
      ...withoutUnified(host),
      realDirectory(app, '/proc'),
      // It shows the network of whoever mounts it.
      ...(pod.network.mode === 'host' ? sys(app) : []),
      ...dev(app),
      ...mountDevices(pod, app),
      ...nameResolution(pod, app),
      {id: 'program', do: 'check-program', app: app.name} satisfies Step,
      {id: 'bundle', do: 'mkdir', target: {in: 'pod', path: BUNDLE}, mode: 0o700, uid: 0, gid: 0},
      config(pod, app, host),
    ];
  },

  launch: (pod, host) => {
    const at = (path: string) => `${pod.directory}/${path}`;
    // The pod's cgroup is rkt's, with its limits, in whichever hierarchies this host has.
    const own = ['crun', `--root=${at('stage1/crun')}`, '--cgroup-manager=disabled'];
    const first = ['perl', '-e', FIRST, at(BUNDLE), at('stage1/app.pid'), `rkt-${pod.uuid}`, ...own];
    const apart = ['unshare', '--fork', '--kill-child', '--pid', '--mount-proc', ...first];
    return relaySignals(host, appOf(pod), apart, 2);
  },

  appProcess: () => ({in: 'child', generation: 3}),

  enter: (pod, app, command) => ({
    into: 'member',
    member: processOf(pod, app),
    namespaces: ['mount', 'ipc', 'uts', 'net', 'pid'],
    process: {...app.process, seccomp: filterOf(app.process), argv: commandOrShell(command)},
    passSockets: false,
  }),
});

/** crun runs nothing on hosts with controllers in both cgroup v1 and v2. It need not do anything with the pod's cgroup here, so it is not shown the hierarchy of v2. */
const withoutUnified = ({cgroup}: HostFacts): Step[] =>
  cgroup.hierarchies.flatMap(({version, mountPoint}): Step[] =>
    cgroup.mode === 'hybrid' && version === 2
      ? [
          {
            id: 'unified',
            do: 'mount',
            type: 'tmpfs',
            target: {in: 'host', path: mountPoint},
            flags: ['ro'],
            options: {},
          },
        ]
      : [],
  );

const config = (pod: Pod, app: App, host: HostFacts): Step => ({
  id: 'config',
  do: 'write',
  target: {in: 'pod', path: podPath(`${BUNDLE}/config.json`)},
  content: JSON.stringify(ociConfig(pod, app, host)),
  mode: 0o600,
  uid: 0,
  gid: 0,
});

const appOf = ({apps: [app]}: Pod): App => {
  if (app === undefined) throw new Error('a pod has an app');
  return app;
};
