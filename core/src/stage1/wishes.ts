import {AS_GOOD_AS_ROOT} from '../appc/compile/capabilities.ts';
import {decides} from '../appc/isolators/decides.ts';
import type {Feature} from '../contract/declaration.ts';
import type {HostFacts} from '../contract/host.ts';
import type {App, Pod, Volume} from '../contract/pod.ts';
import {isForwarded} from '../contract/port-sockets.ts';
import type {IsolatedField} from '../contract/process.ts';
import {showRule} from '../linux/device-rule.ts';

/** One thing that a pod wants from its flavor. */
export interface Wish {
  readonly kind: 'isolator' | 'feature';
  readonly name: string;
  /** `null`: the pod as a whole. */
  readonly app: string | null;
  readonly origin: 'asked' | 'default';
  readonly value: unknown;
}

/** Everything a pod wants, asked for or by rkt's defaults, in a stable order; and whoever started rkt. */
export const wishesOf = (pod: Pod, {notifySocket}: Pick<HostFacts, 'notifySocket'>): Wish[] => [
  ...isolatorWishes(pod.isolators, null),
  ...pod.apps.flatMap((app) => [...isolatorWishes(app.isolators, app.name), ...defaultIsolators(app)]),
  ...podFeatures(pod),
  ...pod.apps.flatMap((app) => appFeatures(app)),
  ...(pod.userNamespace ? [] : pod.apps.flatMap(closedProcesses)),
  ...(notifySocket === undefined ? [] : [feature(NOTIFY, null, notifySocket, 'default')]),
];

/** The feature of telling whoever started rkt that the pod is ready. */
export const NOTIFY = 'notify' satisfies Feature;

/** The feature of a user, or groups, that are not root's. */
export const USER = 'user' satisfies Feature;

/** What is asked for by it. */
export type Ids = Pick<App['process'], 'uid' | 'gid' | 'groups'>;

/** The feature that keeps a pod from the host's devices. */
export const DEVICE_POLICY = 'devices/policy' satisfies Feature;

/** The feature that tells what an app can do with its caller's streams. */
const INHERITED_STREAMS = 'stdio/inherited' satisfies Feature;

/** Features that every flavor for a contract without them has, or need not say that it has not. */
export const UNSAID: readonly string[] = [INHERITED_STREAMS, NOTIFY, USER] satisfies Feature[];

/** The feature that a volume takes. */
export const volumeFeature = (volume: Volume): Feature =>
  volume.kind === 'empty' ? 'volume/empty' : volume.type === 'device' ? 'volume/device' : 'volume/host';

/** The feature that its propagation takes. */
export const propagationFeature = (volume: Volume): Feature | undefined =>
  volume.kind === 'host' && volume.propagation !== undefined ? `volume/${volume.propagation}` : undefined;

/** Whether a volume at this place of an app takes {@link Feature} `volume/sys`. */
export const isBelowSys = (path: string): boolean => path.startsWith('/sys/');

const isolatorWishes = (isolators: object, app: string | null): Wish[] =>
  Object.entries(isolators).map(([name, value]) => ({kind: 'isolator', name, app, origin: 'asked', value}));

const asksFor = (isolators: object, field: IsolatedField): boolean =>
  Object.keys(isolators).some((name) => decides(name, field));

/** What rkt applies to an app that did not say otherwise. */
const defaultIsolators = ({name: app, isolators, process}: App): Wish[] => {
  const wish = (name: string, value: unknown): Wish => ({kind: 'isolator', name, app, origin: 'default', value});
  const asked = (field: IsolatedField) => asksFor(isolators, field);
  return [
    ...(asked('capabilities') ? [] : [wish('os/linux/capabilities-retain-set', {set: process.capabilities.bounding})]),
    ...(asked('noNewPrivileges') || !process.noNewPrivileges
      ? []
      : [wish('os/linux/no-new-privileges', {enabled: true})]),
    ...(asked('seccomp') || process.seccomp === null
      ? []
      : [wish('os/linux/seccomp-retain-set', {set: ['@rkt/default-whitelist']})]),
  ];
};

/** Not for whom everything is switched off by `--insecure-options`. */
const closedProcesses = ({name: app, isolators, process}: App): Wish[] => {
  const reaching = AS_GOOD_AS_ROOT.filter((capability) => process.capabilities.bounding.includes(capability));
  return asksFor(isolators, 'capabilities') && reaching.length > 0
    ? [feature('processes/closed', app, reaching, 'default')]
    : [];
};

const feature = (name: Feature, app: string | null, value: unknown, origin: Wish['origin'] = 'asked'): Wish => ({
  kind: 'feature',
  name,
  app,
  origin,
  value,
});

const podFeatures = (pod: Pod): Wish[] => [
  ...(pod.apps.length > 1 ? [feature('apps/many', null, pod.apps.length)] : []),
  ...(pod.hostname === null ? [] : [feature('hostname', null, pod.hostname)]),
  ...(pod.ipc === 'auto' ? [] : [feature(`ipc/${pod.ipc}`, null, true)]),
  feature(
    `network/${pod.network.mode}`,
    null,
    pod.network.names.map(({name}) => name),
  ),
  ...(pod.userNamespace ? [feature('user-namespace', null, true)] : []),
  ...(pod.resolvConf === null && pod.hosts === null ? [] : [feature('dns', null, true)]),
  ...(pod.maskedPaths.length > 0 ? [feature('kernel-paths/masked', null, pod.maskedPaths.length, 'default')] : []),
  ...(pod.devices === undefined ? [] : [feature(DEVICE_POLICY, null, pod.devices.map(showRule), 'default')]),
  ...(pod.apps.some(({process}) => process.apart) ? [feature('processes/apart', null, true, 'default')] : []),
  ...pod.volumes.flatMap((volume) =>
    [volumeFeature(volume), propagationFeature(volume)].flatMap((name) =>
      name ? [feature(name, null, volume.name)] : [],
    ),
  ),
];

const INHERITED: readonly string[] = ['inherit', 'stream'] satisfies readonly App['stdio']['stdin'][];

const appFeatures = ({
  name: app,
  mounts,
  process,
  rootfs,
  readOnlyRootfs,
  restart = 'no',
  restartLimit: limit,
  watchdogSeconds,
  eventHandlers,
  ports,
  stdio,
}: App): Wish[] => {
  const streams = Object.values(stdio);
  const {uid, gid, groups} = process;
  const inSys = mounts.map(({path}) => path).filter(isBelowSys);
  const inherited = Object.entries(stdio).flatMap(([name, kind]) => (INHERITED.includes(kind) ? [name] : []));
  return [
    ...(rootfs.kind === 'overlay' ? [feature('rootfs/overlay', app, rootfs.lower.length, 'default')] : []),
    ...(readOnlyRootfs ? [feature('rootfs/read-only', app, true)] : []),
    ...(restart === 'no'
      ? []
      : [feature('restart', app, limit ? `${restart}, ${limit.times} times in ${limit.seconds} s` : restart)]),
    ...(eventHandlers.length > 0
      ? [
          feature(
            'event-handlers',
            app,
            eventHandlers.map(({name}) => name),
          ),
        ]
      : []),
    ...(ports.some(isForwarded) ? [feature('ports', app, ports.filter(isForwarded))] : []),
    ...(ports.some(({socketActivated}) => socketActivated) ? [feature('socket-activation', app, true)] : []),
    ...(inherited.length > 0 ? [feature(INHERITED_STREAMS, app, inherited, 'default')] : []),
    ...(streams.includes('journal') ? [feature('stdio/journal', app, true)] : []),
    ...(streams.includes('log') ? [feature('stdio/log', app, true)] : []),
    ...(streams.includes('stream') ? [feature('stdio/stream', app, true)] : []),
    ...(streams.includes('tty') ? [feature('stdio/terminal', app, true)] : []),
    ...([uid, gid, ...groups].some((id) => id !== 0) ? [feature(USER, app, {uid, gid, groups} satisfies Ids)] : []),
    ...(watchdogSeconds === undefined ? [] : [feature('watchdog', app, `${watchdogSeconds} s`)]),
    ...(inSys.length > 0 ? [feature('volume/sys', app, inSys)] : []),
  ];
};
