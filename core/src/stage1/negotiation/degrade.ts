import type {Feature} from '../../contract/declaration.ts';
import type {IsolatorName} from '../../contract/isolators.ts';
import {CAPABILITIES} from '../../contract/kernel-names.ts';
import type {App, Pod} from '../../contract/pod.ts';
import type {CgroupLimits, Process} from '../../contract/process.ts';

type Change = {readonly process?: Partial<Process>; readonly drop?: readonly (keyof CgroupLimits)[]};

/** What an app's compiled description loses with an isolator; nothing, if it has no part in it. */
const isolatorEffects: Readonly<Record<IsolatorName, Change>> = {
  'os/linux/apparmor-profile': {},
  'os/linux/capabilities-remove-set': {process: {capabilities: everyCapability()}},
  'os/linux/capabilities-retain-set': {process: {capabilities: everyCapability()}},
  'os/linux/cpu-shares': {drop: ['cpuShares']},
  'os/linux/no-new-privileges': {process: {noNewPrivileges: false}},
  'os/linux/oom-score-adj': {process: {oomScoreAdj: null}},
  'os/linux/seccomp-remove-set': {process: {seccomp: null}},
  'os/linux/seccomp-retain-set': {process: {seccomp: null}},
  'os/linux/selinux-context': {},
  'os/unix/rlimits': {process: {rlimits: []}},
  'os/unix/sysctl': {},
  'resource/block-bandwidth': {drop: ['ioBandwidth']},
  'resource/block-iops': {drop: ['ioOperations']},
  'resource/cpu': {drop: ['cpuMax', 'cpuShares']},
  'resource/memory': {drop: ['memoryMax', 'memoryLow']},
  'resource/network-bandwidth': {},
  'resource/pids': {drop: ['pidsMax']},
};

function everyCapability(): Process['capabilities'] {
  return {bounding: [...CAPABILITIES], effective: [...CAPABILITIES], ambient: []};
}

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
  'network/host': null,
  'network/named': null,
  'network/none': null,
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
  restart: (pod) => ({...pod, apps: pod.apps.map((app) => ({...app, restart: 'no'}))}),
  'rootfs/overlay': null,
  'rootfs/read-only': (pod) => ({...pod, apps: pod.apps.map((app) => ({...app, readOnlyRootfs: false}))}),
  'socket-activation': null,
  'stdio/inherited': null,
  'stdio/journal': null,
  'stdio/log': null,
  'stdio/stream': null,
  'stdio/terminal': null,
  'user-namespace': ({idMap: _, ...pod}) => ({...pod, userNamespace: false}),
  'volume/device': null,
  'volume/empty': null,
  'volume/host': null,
};

/** Every name that `--allow-degraded` can have, whatever the pod is. */
export const degradableNames: readonly string[] = [...Object.keys(isolatorEffects), ...Object.keys(featureEffects)];

const effectOf = <T>(effects: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(effects, name) ? effects[name] : undefined;

/** Whether `--allow-degraded=NAME` can help: every isolator can be left out, of the features only some. */
export const isDegradable = (kind: 'isolator' | 'feature', name: string): boolean =>
  kind === 'isolator' || effectOf(featureEffects, name) != null;

/** The pod without an isolator (of `app`, or of the pod when `null`) or feature, so that a flavor never sees what it cannot do. */
export const degrade = (pod: Pod, kind: 'isolator' | 'feature', name: string, app: string | null): Pod => {
  if (kind === 'feature') return effectOf(featureEffects, name)?.(pod) ?? pod;
  const change = effectOf(isolatorEffects, name) ?? {};
  const without = <T extends object>(from: T, keys: readonly string[]): T =>
    Object.fromEntries(Object.entries(from).filter(([key]) => !keys.includes(key))) as T;
  if (app === null) {
    return {...pod, isolators: without(pod.isolators, [name]), limits: without(pod.limits, change.drop ?? [])};
  }
  const strip = (candidate: App): App =>
    candidate.name === app
      ? {
          ...candidate,
          isolators: without(candidate.isolators, [name]),
          process: {...candidate.process, ...change.process},
          limits: without(candidate.limits, change.drop ?? []),
        }
      : candidate;
  return {...pod, apps: pod.apps.map(strip)};
};
