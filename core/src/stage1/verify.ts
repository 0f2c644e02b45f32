import type {HostFacts} from '../contract/host.ts';
import type {EnforcementReport, ReportEntry} from '../contract/plan.ts';
import type {App, RunningPod} from '../contract/pod.ts';
import type {CgroupLimits} from '../contract/process.ts';
import type {ReadBack} from '../contract/support.ts';
import {cgroupPath, readLimitsOf} from '../linux/cgroups.ts';
import {readDevicePolicy} from '../linux/device-policy.ts';
import {type MountEntry, readMountinfo} from '../linux/mountinfo.ts';
import {type ProcessState, readBack} from '../linux/read-back.ts';
import {volumeFeature} from './wishes.ts';

/** One promise, and what the kernel shows. */
export interface Check {
  readonly name: string;
  readonly app: string;
  readonly expected: string;
  readonly actual: string;
  readonly holds: boolean;
}

type Finding = Pick<Check, 'expected' | 'actual' | 'holds'>;

/** What is read once for an app and compared with every promise. */
interface Evidence {
  readonly pod: RunningPod;
  readonly app: App;
  readonly state: ProcessState;
  /** rkt's own, which is the host's. */
  readonly host: ProcessState;
  readonly mounts: readonly MountEntry[];
  readonly facts: HostFacts;
}

/**
 * Compares a running pod with its report: every entry that says how to read it back, for each app that it is about. An app may give up more by itself
 * (drop capabilities, lower a limit, add a filter); having more than promised is a difference.
 */
export const verify = (pod: RunningPod, report: EnforcementReport, facts: HostFacts): Check[] => {
  const host = readBack('self');
  return pod.apps.flatMap((app) => {
    const member = pod.appProcesses[app.name];
    if (member === undefined) return [];
    const evidence: Evidence = {pod, app, state: readBack(member.pid), host, mounts: readMountinfo(member.pid), facts};
    const promised = report.entries.filter((entry) => entry.app === null || entry.app === app.name);
    return [
      {name: 'user', app: app.name, ...checkUser(evidence)},
      ...promised.flatMap((entry) =>
        entry.readBack === undefined || entry.verdict === 'ignored'
          ? []
          : checkEntry(entry, entry.readBack, evidence).map((finding) => ({
              name: entry.name,
              app: app.name,
              ...finding,
            })),
      ),
    ];
  });
};

const checkEntry = (entry: ReportEntry, how: ReadBack, evidence: Evidence): Finding[] => {
  const {app, state, host} = evidence;
  switch (how.from) {
    case 'status':
      return checkStatus(how.field, evidence);
    case 'cgroup':
      return checkLimit(how.limit as keyof CgroupLimits, evidence);
    case 'devices': {
      const {pod, facts} = evidence;
      return [readDevicePolicy(facts.cgroup, state.cgroups, cgroupPath(facts.cgroup, pod.cgroup), pod.devices ?? [])];
    }
    case 'limits':
      return app.process.rlimits.map(({name, soft, hard}) => {
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
      return [
        {
          expected: String(entry.value),
          actual: state.label ?? 'none',
          holds: state.label?.includes(String(entry.value)) === true,
        },
      ];
    default:
      return how satisfies never;
  }
};

const show = (limit: number | null): string => (limit === null ? 'unlimited' : String(limit));
const atMost = (actual: number | null, wanted: number | null): boolean =>
  wanted === null || (actual !== null && actual <= wanted);

const checkUser = ({pod, app, state}: Evidence): Finding => {
  const base = pod.idMap?.base ?? 0;
  const [uid, gid] = [base + app.process.uid, base + app.process.gid];
  // Root may become anybody; nobody becomes root, nor another user without having been root.
  const holds =
    app.process.uid === 0 ? state.uids.every((actual) => actual >= base) : state.uids.every((actual) => actual === uid);
  return {expected: `uid ${uid}, gid ${gid}`, actual: `uid ${state.uids[1]}, gid ${state.gids[1]}`, holds};
};

const checkStatus = (field: string, {app, state}: Evidence): Finding[] => {
  const {capabilities, noNewPrivileges, seccomp} = app.process;
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
      return seccomp === null ? [] : [{expected: 'filter', actual: state.seccomp, holds: state.seccomp === 'filter'}];
    default:
      return [{expected: `a check of ${field}`, actual: 'this rkt does not know how', holds: false}];
  }
};

/** Whichever of the app's cgroup and those above it, up to the pod's, has the limit: it holds for the app. */
const checkLimit = (limit: keyof CgroupLimits, {pod, app, state, facts}: Evidence): Finding[] => {
  const value = app.limits[limit] ?? pod.limits[limit];
  if (value === undefined) return [];
  const path = cgroupPath(facts.cgroup, pod.cgroup);
  const readings = readLimitsOf(facts.cgroup, state.cgroups, path, {[limit]: value});
  const reading = readings.find((files) => files.every(({wanted, actual}) => actual === wanted)) ?? readings[0];
  if (reading === undefined)
    return [{expected: `a process of ${path}`, actual: 'it is in another cgroup', holds: false}];
  return reading.map(({file, wanted, actual}) => ({
    expected: `${file} ${wanted}`,
    actual,
    holds: actual === wanted,
  }));
};

const checkMounts = ({name}: ReportEntry, {pod, app, mounts}: Evidence): Finding[] => {
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
    case 'kernel-paths/masked': {
      // Only what exists can be covered, and what exists depends on the kernel: nothing writable may be visible there.
      const open = pod.readOnlyPaths.filter((path) => at(path) !== undefined && !at(path)?.options.includes('ro'));
      const covered = [...pod.maskedPaths, ...pod.readOnlyPaths].filter((path) => at(path) !== undefined);
      return [
        {
          expected: 'masked and read-only kernel paths',
          actual: open.length > 0 ? `writable: ${open.join(' ')}` : `${covered.length} covered`,
          holds: open.length === 0 && covered.length > 0,
        },
      ];
    }
    default:
      return app.mounts.flatMap((mount) => {
        const volume = pod.volumes.find((candidate) => candidate.name === mount.volume);
        if (volume === undefined || volumeFeature(volume) !== name) return [];
        return [mounted(mount.path, mount.readOnly || volume.readOnly)];
      });
  }
};

const FILES = {mount: 'mnt', uts: 'uts', ipc: 'ipc', net: 'net', pid: 'pid', user: 'user', cgroup: 'cgroup'} as const;

const checkNamespace = (
  {kind, is}: Extract<ReadBack, {from: 'namespace'}>,
  state: ProcessState,
  host: ProcessState,
): Finding => {
  const file = FILES[kind as keyof typeof FILES] ?? 'mnt';
  const shared = state.namespaces[file] === host.namespaces[file];
  return {
    expected: `${kind} namespace ${is === 'own' ? 'of its own' : "of the host's"}`,
    actual: shared ? "the host's" : 'its own',
    holds: shared === (is === 'host'),
  };
};
