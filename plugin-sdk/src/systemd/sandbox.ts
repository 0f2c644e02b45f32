import type {App, IsolatedField, Pod} from '@rkt/core/contract';
import {environmentAssignment, pathItem, pathSetting, profileSetting} from './encode.ts';
import {deviceOutside, limitRefused} from './errors.ts';
import {appPathSettings} from './kernel-paths.ts';
import {cgroupSettings, rlimitSettings} from './limits.ts';
import type {UnitOptions} from './options.ts';
import {seccompSettings} from './seccomp.ts';
import type {Setting} from './unit.ts';
import {userSettings} from './users.ts';

/** Variables that systemd gives to every service. Those of passed sockets are not among them: they are for the app. */
const OF_SYSTEMD = [
  'CREDENTIALS_DIRECTORY',
  'DEBUG_INVOCATION',
  'HOME',
  'INVOCATION_ID',
  'JOURNAL_STREAM',
  'LANG',
  'LOGNAME',
  'MAINPID',
  'MANAGERPID',
  'MANAGERPIDFDID',
  'MEMORY_PRESSURE_WATCH',
  'MEMORY_PRESSURE_WRITE',
  'NOTIFY_SOCKET',
  'PATH',
  'SHELL',
  'SYSTEMD_EXEC_PID',
  'TERM',
  'USER',
  'WATCHDOG_PID',
  'WATCHDOG_USEC',
];

/** Variables with which an app says by itself when it is ready, and that it is alive. */
const toTell = ({notifies, watchdogSeconds}: App): string[] => [
  ...(notifies ? ['NOTIFY_SOCKET'] : []),
  ...(watchdogSeconds === undefined ? [] : ['WATCHDOG_PID', 'WATCHDOG_USEC']),
];

/** Exactly the app's own variables, and systemd's for what it tells. What is unset is so even if the app sets it, hence only what it does not. */
const environment = (of: App): Setting[] => {
  const {name: app, process} = of;
  const told = toTell(of);
  const own = process.env.filter(({name}) => !told.includes(name));
  const kept = new Set([...own.map(({name}) => name), ...told]);
  const unset = OF_SYSTEMD.filter((name) => !kept.has(name));
  return [
    ...own.map(({name, value}) => ['Environment', environmentAssignment(name, value, app)] as const),
    ...(unset.length > 0 ? [['UnsetEnvironment', unset.join(' ')] as const] : []),
  ];
};

/** What a label cannot be for systemd. */
const labelRefused = ({name}: App, label: string) => limitRefused(name, 'what a security module is told', label);

/** What isolators have made of the app's process. */
const ISOLATED: {readonly [F in IsolatedField]: (app: App, options: UnitOptions) => Setting[]} = {
  capabilities: ({process: {capabilities}}) => [
    // An empty list is the empty set.
    ['CapabilityBoundingSet', capabilities.bounding.join(' ')],
    ...(capabilities.ambient.length > 0 ? [['AmbientCapabilities', capabilities.ambient.join(' ')] as const] : []),
  ],
  noNewPrivileges: ({process}) => [['NoNewPrivileges', process.noNewPrivileges ? 'yes' : 'no']],
  seccomp: (app, {systemdVersion}) => seccompSettings(app, systemdVersion),
  apparmorProfile: (app, {appArmor = false}) => {
    const {apparmorProfile: profile} = app.process;
    if (profile === undefined) return [];
    if (!appArmor) throw labelRefused(app, profile);
    return [['AppArmorProfile', profileSetting(profile, `app "${app.name}": AppArmorProfile`)]];
  },
  // systemd ignores its setting where it does not see a file system of SELinux that it may write to, and no pod has that.
  selinuxContext: (app) => {
    const {selinuxContext: context} = app.process;
    if (context !== undefined) throw labelRefused(app, context);
    return [];
  },
  rlimits: rlimitSettings,
  oomScoreAdj: ({process}, options) => {
    const score = process.oomScoreAdj ?? options.oomScoreAdj;
    return score === undefined ? [] : [['OOMScoreAdjust', `${score}`]];
  },
};

type Device = Extract<Pod['volumes'][number], {kind: 'host'}>['device'];

/** systemd takes the number of such a name without looking for the file. */
const numbered = (device: Device): string | undefined =>
  device && `/dev/${device.type}/${device.major}:${device.minor}`;

const deviceSettings = (pod: Pod, app: App, options: UnitOptions): Setting[] => [
  ['DevicePolicy', 'closed'],
  ['DeviceAllow', 'char-pts rw'],
  ...app.mounts.flatMap(({volume: wanted, readOnly}): Setting[] => {
    const volume = pod.volumes.find(({name}) => name === wanted);
    if (volume?.kind !== 'host' || volume.type !== 'device') return [];
    const node = options.deviceNode?.(app, volume) ?? numbered(volume.device) ?? volume.source;
    if (!node.startsWith('/dev/')) throw deviceOutside(app.name, wanted, node);
    const access = readOnly || volume.readOnly ? 'r' : 'rw';
    return [['DeviceAllow', `${pathItem(node, `app "${app.name}": DeviceAllow`)} ${access}`]];
  }),
];

/** What the apps of a pod have in common, but for one that has a volume there. */
const sharedInDev = ({mounts}: App): string[] =>
  ['/dev/shm', '/dev/mqueue'].filter((place) => mounts.every(({path}) => path !== place));

/** What of the pod's /dev an app sees. Its terminal, where it has one: so it has a name. */
const devices = (app: App, options: UnitOptions): string[] => {
  if (options.bindDev(app)) return ['/dev'];
  const streams = Object.values(options.stdio(app));
  const terminals = new Set(streams.flatMap((stream) => (stream.kind === 'terminal' ? [stream.path] : [])));
  return [...sharedInDev(app), ...[...terminals].map((path) => pathItem(path, `app "${app.name}": BindPaths`))];
};

const takesMounts = ({volumes}: Pod, {mounts}: App): boolean =>
  volumes.some(
    (volume) => volume.kind === 'host' && volume.propagation && mounts.some((mount) => mount.volume === volume.name),
  );

/** What the app's program has, and its event handlers too: root, mounts, environment, credentials, filter, limits. */
export const sandboxSettings = (pod: Pod, app: App, options: UnitOptions): Setting[] => {
  const where = `app "${app.name}"`;
  return [
    ['RootDirectory', pathSetting(options.rootOf(app), `${where}: RootDirectory`)],
    // It would be a fresh and writable /proc.
    ['MountAPIVFS', 'no'],
    ['BindPaths', ['/proc', '/sys', ...devices(app, options)].join(' ')],
    ...appPathSettings(pod, app, options),
    ...environment(app),
    ['WorkingDirectory', pathSetting(app.process.cwd, `${where}: WorkingDirectory`)],
    ...userSettings(app),
    ['UMask', app.process.umask.toString(8).padStart(4, '0')],
    ...Object.values(ISOLATED).flatMap((settings) => settings(app, options)),
    ...cgroupSettings(app, options),
    ...deviceSettings(pod, app, options),
    ['KeyringMode', 'private'],
    // What an app mounts is its own, and what others mount is not its, unless a volume is for that.
    ['MountFlags', takesMounts(pod, app) ? 'slave' : 'private'],
    // systemd would have it ignored, which apps inherit.
    ['IgnoreSIGPIPE', 'no'],
    // One process that is out of memory does not end the others.
    ['OOMPolicy', 'continue'],
  ];
};
