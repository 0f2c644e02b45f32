import type {HostFacts} from '../../contract/host.ts';
import type {RlimitName} from '../../contract/kernel-names.ts';
import type {EnforcementReport, Plan, ReportEntry} from '../../contract/plan.ts';
import type {App, Mount, ProcessIdentity, RunningPod, Volume} from '../../contract/pod.ts';
import type {CgroupLimits} from '../../contract/process.ts';
import type {ReadBack} from '../../contract/support.ts';
import {cgroupPath} from '../../linux/cgroup-paths.ts';
import {readDevicePolicy} from '../../linux/device-policy.ts';
import {readMountinfo} from '../../linux/mountinfo.ts';
import {isEnding} from '../../linux/process-identity.ts';
import {readBack} from '../../linux/read-back.ts';
import {readLimitsOf} from '../../linux/read-cgroup-limits.ts';
import {sleep} from '../../linux/sleep.ts';
import {appNotRunning} from '../errors.ts';
import {isBelowSys, propagationFeature, volumeFeature} from '../wishes.ts';
import {checkCredentials} from './check-credentials.ts';
import {checkEnvironment} from './check-environment.ts';
import {checkFilter} from './check-filter.ts';
import {checkKernelPaths} from './check-kernel-paths.ts';
import {checkLabel} from './check-label.ts';
import {checkNameResolution} from './check-name-resolution.ts';
import {checkNamespace} from './check-namespace.ts';
import {checkSteps} from './check-steps.ts';
import type {Check, Evidence, Finding} from './evidence.ts';

export type {Check} from './evidence.ts';

/**
 * Compares a running pod with its report and its plan: every entry that says how to read it back, for each app that it is about, what steps have made of an app's process, and what no flavor has a say in. An app
 * may give up more by itself (drop capabilities, lower a limit, add a filter); having more than promised is a difference.
 * @throws RKT_POD_APP_NOT_RUNNING when an app ends meanwhile
 */
export const verify = (pod: RunningPod, report: EnforcementReport, plan: Plan, facts: HostFacts): Check[] => {
  const host = readBack('self');
  return pod.apps.flatMap((app) => {
    const member = pod.appProcesses[app.name];
    return member === undefined
      ? []
      : whileAlive(pod, app, member, () =>
          seenAgain(() => checkApp({pod, app, host, facts}, member.pid, {report, plan})),
        );
  });
};

/** A process at its first `execve` shows what it was before, and one at any shows neither program: a difference counts when it stays. */
const LOOKS = {times: 5, milliseconds: 50} as const;

const seenAgain = (look: () => Check[]): Check[] => {
  for (let attempt = 1; ; attempt++) {
    const checks = look();
    if (attempt === LOOKS.times || checks.every(({holds}) => holds)) return checks;
    sleep(LOOKS.milliseconds);
  }
};

/** What is read of a process while it ends is an error, nothing, or about another one of its number. */
const whileAlive = <T>({uuid}: RunningPod, {name}: App, member: ProcessIdentity, look: () => T): T => {
  try {
    const seen = look();
    if (!isEnding(member)) return seen;
  } catch (error) {
    if (!isEnding(member)) throw error;
  }
  throw appNotRunning(uuid, name);
};

const checkApp = (
  known: Pick<Evidence, 'pod' | 'app' | 'host' | 'facts'>,
  pid: number,
  {report, plan}: {readonly report: EnforcementReport; readonly plan: Plan},
): Check[] => {
  const {name: app} = known.app;
  const evidence: Evidence = {...known, pid, state: readBack(pid), mounts: readMountinfo(pid)};
  const promised = report.entries.filter((entry) => entry.app === null || entry.app === app);
  const always = [
    ...checkCredentials(evidence),
    ...checkEnvironment(evidence),
    ...checkNameResolution(evidence).map((finding) => ({name: 'dns', ...finding})),
    ...checkSteps(plan, evidence),
  ];
  return [
    ...always.map((finding) => ({app, ...finding})),
    ...promised.flatMap((entry) =>
      entry.readBack === undefined || entry.verdict === 'ignored'
        ? []
        : checkEntry(entry, entry.readBack, evidence).map((finding) => ({name: entry.name, app, ...finding})),
    ),
  ];
};

/** What rkt gives by default the app may raise. */
const isAsked = ({isolators}: App, name: RlimitName): boolean =>
  Object.hasOwn(isolators['os/unix/rlimits']?.limits ?? {}, name);

const checkEntry = (entry: ReportEntry, how: ReadBack, evidence: Evidence): Finding[] => {
  const {app, state, host} = evidence;
  switch (how.from) {
    case 'status':
      return checkStatus(how, evidence);
    case 'cgroup':
      return [how.limit, ...(BESIDE[how.limit] ?? [])].flatMap((limit) => checkLimit(limit, evidence));
    case 'devices': {
      const {pod, facts} = evidence;
      return [readDevicePolicy(facts.cgroup, state.cgroups, cgroupPath(facts.cgroup, pod.cgroup), pod.devices ?? [])];
    }
    case 'limits':
      return app.process.rlimits
        .filter(({name}) => isAsked(app, name))
        .map(({name, soft, hard}) => {
          const actual = state.limits[name];
          return {
            expected: `${name} at most ${show(soft)}:${show(hard)}`,
            actual: `${show(actual?.soft ?? null)}:${show(actual?.hard ?? null)}`,
            holds: actual !== undefined && atMost(actual.soft, soft) && atMost(actual.hard, hard),
          };
        });
    case 'oom-score-adj':
      return [
        {
          expected: `at least ${app.process.oomScoreAdj ?? host.oomScoreAdj}`,
          actual: String(state.oomScoreAdj),
          holds: state.oomScoreAdj >= (app.process.oomScoreAdj ?? host.oomScoreAdj),
        },
      ];
    case 'mountinfo':
      return checkMounts(entry, evidence);
    case 'namespace':
      return [checkNamespace(how, state, host)];
    case 'label':
      return [checkLabel(entry, evidence)];
    default:
      return how satisfies never;
  }
};

const show = (limit: number | null): string => (limit === null ? 'unlimited' : String(limit));
const atMost = (actual: number | null, wanted: number | null): boolean =>
  wanted === null || (actual !== null && actual <= wanted);

const checkStatus = ({field}: Extract<ReadBack, {from: 'status'}>, evidence: Evidence): Finding[] => {
  const {app, state} = evidence;
  const {capabilities, noNewPrivileges} = app.process;
  switch (field) {
    case 'CapBnd': {
      const sets = ['bounding', 'permitted', 'effective', 'inheritable', 'ambient'] as const;
      const allowed: readonly string[] = capabilities.bounding;
      const beyond = sets.flatMap((set) =>
        state.capabilities[set]
          .filter((capability) => !allowed.includes(capability))
          .map((name) => `${name} in ${set}`),
      );
      return [
        {
          expected: `none beyond ${allowed.length === 0 ? 'none' : allowed.join(' ')}`,
          actual: beyond.length === 0 ? state.capabilities.bounding.join(' ') || 'none' : beyond.join(', '),
          holds: beyond.length === 0,
        },
      ];
    }
    case 'NoNewPrivs':
      return [
        {
          expected: String(noNewPrivileges),
          actual: String(state.noNewPrivileges),
          holds: !noNewPrivileges || state.noNewPrivileges,
        },
      ];
    case 'Seccomp':
      return checkFilter(evidence);
    default:
      return field satisfies never;
  }
};

/** Without which a limit is none. */
const BESIDE: {readonly [L in keyof CgroupLimits]?: readonly (keyof CgroupLimits)[]} = {memoryMax: ['memorySwapMax']};

/** Whichever of the app's cgroup and those above it, up to the pod's, has the limit: it holds for the app. */
const checkLimit = (limit: keyof CgroupLimits, {pod, app, state, facts}: Evidence): Finding[] => {
  const value = app.limits[limit] ?? pod.limits[limit];
  if (value === undefined) return [];
  const path = cgroupPath(facts.cgroup, pod.cgroup);
  const readings = readLimitsOf(facts.cgroup, state.cgroups, path, {[limit]: value});
  const reading = readings.find((files) => files.every(({wanted, actual}) => actual === wanted)) ?? readings[0];
  if (reading === undefined)
    return [
      {
        expected: `${limit} in ${path}`,
        actual: 'the process is in another cgroup, or the kernel counts nothing like it',
        holds: false,
      },
    ];
  return reading.map(({file, wanted, actual}) => ({
    expected: `${file} ${wanted}`,
    actual,
    holds: actual === wanted,
  }));
};

const takes = ({path}: Mount, volume: Volume, feature: string): boolean =>
  feature === 'volume/sys' ? isBelowSys(path) : volumeFeature(volume) === feature;

/** How mountinfo shows each. */
const PROPAGATED: Readonly<Record<string, RegExp>> = {'volume/shared': /^shared:/, 'volume/slave': /^master:/};

const checkMounts = ({name}: ReportEntry, evidence: Evidence): Finding[] => {
  const {pod, app, mounts} = evidence;
  const at = (path: string) => mounts.findLast(({mountPoint}) => mountPoint === path);
  const mounted = (path: string, readOnly: boolean): Finding => {
    const mount = at(path);
    const isReadOnly = mount?.options.includes('ro') === true;
    return {
      expected: `${path} mounted${readOnly ? ' read-only' : ''}`,
      actual: mount === undefined ? 'not mounted' : `${mount.type}${isReadOnly ? ', read-only' : ''}`,
      holds: mount !== undefined && (!readOnly || isReadOnly),
    };
  };
  switch (name) {
    case 'rootfs/overlay':
      return [
        {
          expected: '/ is overlay',
          actual: `/ is ${at('/')?.type ?? 'not mounted'}`,
          holds: at('/')?.type === 'overlay',
        },
      ];
    case 'rootfs/read-only':
      return [mounted('/', true)];
    case 'kernel-paths/masked':
      return checkKernelPaths(evidence);
    default:
      return app.mounts.flatMap((mount) => {
        const volume = pod.volumes.find((candidate) => candidate.name === mount.volume);
        const shown = PROPAGATED[name];
        if (volume !== undefined && shown !== undefined) {
          if (propagationFeature(volume) !== name) return [];
          const actual = at(mount.path)?.propagation ?? [];
          const holds = actual.some((each) => shown.test(each));
          return [{expected: `${mount.path} mounted as ${name}`, actual: actual.join(' ') || 'private', holds}];
        }
        if (volume === undefined || !takes(mount, volume, name)) return [];
        return [mounted(mount.path, mount.readOnly || volume.readOnly)];
      });
  }
};
