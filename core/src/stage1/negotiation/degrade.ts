import {findDefinition, isolatorDefinitions} from '../../appc/isolators/definitions.ts';
import type {Feature} from '../../contract/declaration.ts';
import {CAPABILITIES} from '../../contract/kernel-names.ts';
import type {App, Pod} from '../../contract/pod.ts';
import type {IsolatedField, Process} from '../../contract/process.ts';

/** What a process has without the isolators that decide it. */
const UNISOLATED: {readonly [F in IsolatedField]: Process[F]} = {
  capabilities: {bounding: [...CAPABILITIES], effective: [...CAPABILITIES], ambient: []},
  apparmorProfile: undefined,
  selinuxContext: undefined,
  noNewPrivileges: false,
  oomScoreAdj: null,
  rlimits: [],
  seccomp: null,
};

/** How a pod looks without a feature; `null` where it cannot be left out: the pod would be another one. */
const featureEffects: Readonly<Record<Feature, ((pod: Pod) => Pod) | null>> = {
  'apps/many': null,
  'devices/policy': ({devices: _, ...pod}) => pod,
  dns: (pod) => ({...pod, resolvConf: null, hosts: null}),
  'event-handlers': (pod) => ({...pod, apps: pod.apps.map((app) => ({...app, eventHandlers: []}))}),
  hostname: (pod) => ({...pod, hostname: null}),
  'ipc/host': null,
  'ipc/private': (pod) => ({...pod, ipc: 'auto'}),
  'kernel-paths/masked': (pod) => ({...pod, maskedPaths: [], readOnlyPaths: []}),
  'machine/unique': null,
  'network/host': null,
  'network/named': null,
  'network/none': null,
  'network/prepared': null,
  // No pod is refused for want of it.
  notify: null,
  'pid/private': null,
  ports: (pod) => ({
    ...pod,
    apps: pod.apps.map((app) => ({...app, ports: app.ports.map(({hostIp: _ip, hostPort: _port, ...port}) => port)})),
  }),
  'processes/apart': (pod) => ({
    ...pod,
    apps: pod.apps.map((app) => {
      const {apart: _, ...process} = app.process;
      return {...app, process};
    }),
  }),
  // Nothing but the promise.
  'processes/closed': (pod) => pod,
  restart: (pod) => ({...pod, apps: pod.apps.map(({restartLimit: _, ...app}) => ({...app, restart: 'no'}))}),
  'rootfs/overlay': null,
  'rootfs/read-only': (pod) => ({...pod, apps: pod.apps.map((app) => ({...app, readOnlyRootfs: false}))}),
  'socket-activation': null,
  'stdio/inherited': null,
  'stdio/journal': null,
  'stdio/log': null,
  'stdio/stream': null,
  'stdio/terminal': null,
  // It would be root instead.
  user: null,
  'user-namespace': ({idMap: _, ...pod}) => ({...pod, userNamespace: false}),
  'volume/device': null,
  'volume/empty': null,
  'volume/host': null,
  'volume/shared': null,
  'volume/slave': null,
  'volume/sys': null,
  watchdog: (pod) => ({...pod, apps: pod.apps.map(({watchdogSeconds: _, ...app}) => app)}),
};

/** Every name that `--allow-degraded` can have, whatever the pod is. */
export const degradableNames: readonly string[] = [...Object.keys(isolatorDefinitions), ...Object.keys(featureEffects)];

const withoutFeature = (name: string): ((pod: Pod) => Pod) | null =>
  Object.hasOwn(featureEffects, name) ? featureEffects[name as Feature] : null; // own key

/** Whether `--allow-degraded=NAME` can help: every isolator can be left out, of the features only some. */
export const isDegradable = (kind: 'isolator' | 'feature', name: string): boolean =>
  kind === 'isolator' || withoutFeature(name) !== null;

/** The pod without an isolator (of `app`, or of the pod when `null`) or feature, so that a flavor never sees what it cannot do. */
export const degrade = (pod: Pod, kind: 'isolator' | 'feature', name: string, app: string | null): Pod => {
  if (kind === 'feature') return withoutFeature(name)?.(pod) ?? pod;
  const {process = [], limits = []} = findDefinition(name)?.decides ?? {};
  const without = <T extends object>(from: T, keys: readonly string[]): T =>
    Object.fromEntries(Object.entries(from).filter(([key]) => !keys.includes(key))) as T;
  const unisolated = Object.fromEntries(process.map((field) => [field, UNISOLATED[field]]));
  const bare = (candidate: App): App => ({...candidate, process: {...candidate.process, ...unisolated}});
  if (app === null) {
    // An app has of the pod what it does not ask for itself.
    const apps = pod.apps.map((each) => (Object.hasOwn(each.isolators, name) ? each : bare(each)));
    return {...pod, apps, isolators: without(pod.isolators, [name]), limits: without(pod.limits, limits)};
  }
  const strip = (candidate: App): App =>
    candidate.name === app
      ? {
          ...bare(candidate),
          isolators: without(candidate.isolators, [name]),
          limits: without(candidate.limits, limits),
        }
      : candidate;
  return {...pod, apps: pod.apps.map(strip)};
};
