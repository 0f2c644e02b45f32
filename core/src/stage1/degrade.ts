import {CAPABILITIES} from '../contract/kernel-names.ts';
import type {App, Pod} from '../contract/pod.ts';
import type {CgroupLimits, Process} from '../contract/process.ts';

type Change = {readonly process?: Partial<Process>; readonly drop?: readonly (keyof CgroupLimits)[]};

/** What an app's compiled description loses with an isolator. Those that are not here have no part in it. */
const isolatorEffects: Readonly<Record<string, Change>> = {
  'os/linux/capabilities-remove-set': {process: {capabilities: everyCapability()}},
  'os/linux/capabilities-retain-set': {process: {capabilities: everyCapability()}},
  'os/linux/cpu-shares': {drop: ['cpuShares']},
  'os/linux/no-new-privileges': {process: {noNewPrivileges: false}},
  'os/linux/oom-score-adj': {process: {oomScoreAdj: null}},
  'os/linux/seccomp-remove-set': {process: {seccomp: null}},
  'os/linux/seccomp-retain-set': {process: {seccomp: null}},
  'os/unix/rlimits': {process: {rlimits: []}},
  'resource/block-bandwidth': {drop: ['ioBandwidth']},
  'resource/block-iops': {drop: ['ioOperations']},
  'resource/cpu': {drop: ['cpuMax', 'cpuShares']},
  'resource/memory': {drop: ['memoryMax', 'memoryLow']},
  'resource/pids': {drop: ['pidsMax']},
};

function everyCapability(): Process['capabilities'] {
  return {bounding: [...CAPABILITIES], effective: [...CAPABILITIES], ambient: []};
}

/** How a pod looks without a feature. A feature that is not here cannot be left out: the pod would be another one. */
const featureEffects: Readonly<Record<string, (pod: Pod) => Pod>> = {
  dns: (pod) => ({...pod, resolvConf: null, hosts: null}),
  'event-handlers': (pod) => ({...pod, apps: pod.apps.map((app) => ({...app, eventHandlers: []}))}),
  hostname: (pod) => ({...pod, hostname: null}),
  'ipc/private': (pod) => ({...pod, ipc: 'auto'}),
  'kernel-paths/masked': (pod) => ({...pod, maskedPaths: [], readOnlyPaths: []}),
  ports: (pod) => ({
    ...pod,
    apps: pod.apps.map((app) => ({...app, ports: app.ports.map(({hostIp: _ip, hostPort: _port, ...port}) => port)})),
  }),
  // Nothing but the promise.
  'processes/closed': (pod) => pod,
  restart: (pod) => ({...pod, apps: pod.apps.map((app) => ({...app, restart: 'no'}))}),
  'rootfs/read-only': (pod) => ({...pod, apps: pod.apps.map((app) => ({...app, readOnlyRootfs: false}))}),
  'user-namespace': ({idMap: _, ...pod}) => ({...pod, userNamespace: false}),
};

/** Whether `--allow-degraded=NAME` can help: every isolator can be left out, of the features only some. */
export const isDegradable = (kind: 'isolator' | 'feature', name: string): boolean =>
  kind === 'isolator' || Object.hasOwn(featureEffects, name);

/** The pod without an isolator (of `app`, or of the pod when `null`) or feature, so that a flavor never sees what it cannot do. */
export const degrade = (pod: Pod, kind: 'isolator' | 'feature', name: string, app: string | null): Pod => {
  if (kind === 'feature') return featureEffects[name]?.(pod) ?? pod;
  const change = isolatorEffects[name] ?? {};
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
