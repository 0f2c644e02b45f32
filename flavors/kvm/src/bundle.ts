import type {App, Pod} from '@rkt/plugin-sdk';
import {cgroupIn, PERIOD, quotaOf} from './pod-limits.ts';
import {ON_TERMINAL} from './terminal.ts';
import {isOfVolume, volumeMounts} from './volumes.ts';

/*
 * An app as a bundle of the OCI runtime specification (1.0, config.md and config-linux.md): the compiled process, put into other words. All apps of a pod share the guest's processes, as
 * those of a pod of any flavor do.
 */

/** What crun gets of the specification's configuration. The filter of the app is given to it as it is on the host ({@link configurationText}). */
export const bundle = (pod: Pod, app: App, onTerminal = false) => ({
  // First: ON_TERMINAL.
  process: processIn(app.process, onTerminal),
  ociVersion: '1.0.0',
  root: {path: 'rootfs', readonly: app.readOnlyRootfs},
  mounts: [...KERNEL, ...SHARED, ...volumeMounts(pod, app), ...names(pod, app)],
  linux: {
    namespaces: [{type: 'mount'}],
    cgroupsPath: cgroupIn(pod, app.name),
    resources: {...resourcesOf(app), ...(pod.devices === undefined ? {} : {devices: deviceRules(pod.devices)})},
    devices: [NO_CONSOLE],
    // Where its programs are in memory is drawn for each, as it is not for crun in an emulated machine (guest/agent.c).
    personality: {domain: 'LINUX'},
    ...(app.process.seccomp === null ? {} : {seccomp: NO_CALLS}),
    maskedPaths: pod.maskedPaths,
    readonlyPaths: pod.readOnlyPaths,
  },
});

/** An event handler has all that its app has, but is not the app: it is alone in a cgroup with the same limits. */
export const handlerBundle = (pod: Pod, app: App, {name, exec}: Handler) => {
  const {linux, ...whole} = bundle(pod, {...app, process: {...app.process, argv: exec}});
  return {
    ...whole,
    root: {...whole.root, path: `/apps/${app.name}/rootfs`},
    linux: {...linux, cgroupsPath: cgroupIn(pod, `${app.name}.${name}`)},
  };
};

type Handler = App['eventHandlers'][number];

/** A compiled process in words of the specification. */
export const processIn = (process: App['process'], onTerminal = false) => ({
  ...(onTerminal ? ON_TERMINAL : {terminal: false}),
  args: process.argv,
  env: process.env.map(({name, value}) => `${name}=${value}`),
  cwd: process.cwd,
  user: {uid: process.uid, gid: process.gid, additionalGids: process.groups, umask: process.umask},
  capabilities: {
    bounding: process.capabilities.bounding,
    effective: process.capabilities.effective,
    permitted: process.capabilities.effective,
    inheritable: [],
    ambient: process.capabilities.ambient,
  },
  noNewPrivileges: process.noNewPrivileges,
  rlimits: process.rlimits.map(({name, soft, hard}) => ({
    type: `RLIMIT_${name.toUpperCase()}`,
    soft: limit(soft),
    hard: limit(hard),
  })),
  ...(process.oomScoreAdj === null ? {} : {oomScoreAdj: process.oomScoreAdj}),
});

/** RLIM_INFINITY, which a number of JavaScript is not. */
const UNLIMITED = -1;
const limit = (value: number | null): number => value ?? UNLIMITED;

const STRICT = ['nosuid', 'noexec', 'nodev'];

/** The file systems that every app has (appc OS-SPEC, "Devices and File Systems"). */
const KERNEL = [
  {destination: '/proc', type: 'proc', source: 'proc', options: STRICT},
  {destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'noexec', 'mode=0755', 'size=64k']},
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  {destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...STRICT, 'ro']},
];

/** None but these: the disks of the machine are images of other apps, too. */
const deviceRules = (rules: NonNullable<Pod['devices']>) => [
  {allow: false, access: 'rwm'},
  ...rules.map(({type, major, minor, access}) => ({
    allow: true,
    type: type === 'char' ? 'c' : 'b',
    major,
    ...(minor === null ? {} : {minor}),
    access,
  })),
];

/** In the place of the program that crun is given: a crun that did not take that would start nothing. */
const NO_CALLS = {defaultAction: 'SCMP_ACT_KILL_PROCESS'};

/** A configuration as one line of JSON. If it is of an app with a filter, the program of that comes in the place of the NUL character, of which JSON has no other. */
export const configurationText = (configuration: ReturnType<typeof bundle>): string => {
  const text = JSON.stringify(configuration);
  if (configuration.linux.seccomp === undefined) return text;
  return `${text.slice(0, -1)},"annotations":{"run.oci.seccomp_bpf_data":"\0"}}`;
};

/** Over it crun mounts the terminal of an app that has one. The console of the machine is none of the pod. */
const NO_CONSOLE = {path: '/dev/console', type: 'c', major: 1, minor: 3, fileMode: 0o666, uid: 0, gid: 0};

/** What the apps of a pod have in common: the guest has it once. */
const SHARED = ['/dev/shm', '/dev/mqueue'].map((path) => ({
  destination: path,
  type: 'bind',
  source: path,
  options: ['bind', ...STRICT],
}));

const names = ({resolvConf, hosts}: Pod, app: App) => [
  ...(resolvConf === null ? [] : bind(app, 'resolv.conf')),
  ...(hosts === null ? [] : bind(app, 'hosts')),
];

/** Not over what a volume has. */
const bind = (app: App, name: string) => (isOfVolume(app, `/etc/${name}`) ? [] : [bound(name)]);

const bound = (name: string) => ({
  destination: `/etc/${name}`,
  type: 'bind',
  source: `/run/files/${name}`,
  options: ['bind', 'nosuid', 'nodev'],
});

const resourcesOf = ({limits}: App) => {
  // QEMU has the first four for the whole machine, which has no huge pages and no swap; a limit that is new has to be told here.
  const {
    ioBandwidth: _,
    ioOperations: _o,
    cpus: _c,
    memoryNodes: _n,
    hugepages: _h,
    memorySwapMax: _s,
    ...told
  } = limits;
  const {memoryMax, memoryLow, cpuMax, cpuShares, pidsMax, ...further} = told;
  further satisfies Readonly<Record<string, never>>;
  return {
    ...(memoryMax === undefined && memoryLow === undefined
      ? {}
      : {
          memory: {
            ...(memoryMax === undefined ? {} : {limit: memoryMax}),
            ...(memoryLow === undefined ? {} : {reservation: memoryLow}),
          },
        }),
    ...(cpuMax === undefined && cpuShares === undefined
      ? {}
      : {
          cpu: {
            ...(cpuMax === undefined ? {} : {quota: quotaOf(cpuMax), period: PERIOD}),
            ...(cpuShares === undefined ? {} : {shares: cpuShares}),
          },
        }),
    ...(pidsMax === undefined ? {} : {pids: {limit: pidsMax}}),
  };
};
