import {readdirSync} from 'node:fs';
import type {Flavor} from '../../contract/flavor.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {App, Pod, ProcessIdentity, RunningPod} from '../../contract/pod.ts';
import {processesOf} from '../../linux/cgroup-members.ts';
import {cgroupPath} from '../../linux/cgroup-paths.ts';
import {identify, isAlive, numberInside, parentOf} from '../../linux/process-identity.ts';
import {trackingHierarchy} from '../../linux/used-hierarchies.ts';
import {flavorFailed, flavorPlanInvalid} from '../../stage1/errors.ts';
import {findApp} from './find-app.ts';
import {oldest} from './oldest.ts';
import {hasOwnRoot} from './own-root.ts';
import type {Supervisor} from './supervisor.ts';

/**
 * The pod with the processes to join. Where each app has a cgroup of its own, its oldest process stands for it, and an app that has ended, or is only about to start, has none; neither has one that is not where the flavor says. Where the
 * launched program is the app and has ended, leaving children, the oldest of them stands for it; where the pod has a pid namespace that rkt made, the app is a child of that program.
 * @param flavor the one that the pod was launched with; without it nothing is known of apps that have cgroups of their own
 */
export const runningPod = (
  pod: Pod,
  facts: HostFacts,
  {pid, startTime, first}: Pick<Supervisor, 'pid' | 'startTime' | 'first'>,
  flavor: Located | undefined,
): RunningPod => {
  const supervisor: ProcessIdentity = {pid, startTime};
  // Processes of another kernel are none of the host's.
  if (flavor?.declaration.properties.includes('own-kernel')) return {...pod, supervisor, appProcesses: {}};
  if (flavor?.appProcess !== undefined) {
    const inPod = processesOf(tracked(facts).cgroup, cgroupPath(facts.cgroup, pod.cgroup));
    const found = pod.apps.flatMap((app) => {
      const place = ask(flavor, 'appProcess', pod, app);
      const member = findApp(place, pod, supervisor, inPod, flavor.declaration.name);
      return member === undefined ? [] : [[app.name, member] as const];
    });
    return {...pod, supervisor, appProcesses: Object.fromEntries(found)};
  }
  if (flavor?.appCgroup === undefined) {
    const member =
      first !== undefined
        ? (appBelow(supervisor) ?? supervisor)
        : isAlive(supervisor)
          ? supervisor
          : (oldestIn(facts, pod.cgroup) ?? supervisor);
    return {...pod, supervisor, appProcesses: Object.fromEntries(pod.apps.map(({name}) => [name, member]))};
  }
  const members = pod.apps.flatMap((app) => {
    const member = oldestIn(tracked(facts), `${pod.cgroup}/${appCgroup(flavor, pod, app)}`);
    return member === undefined || !hasOwnRoot(member.pid) ? [] : [[app.name, member] as const];
  });
  return {...pod, supervisor, appProcesses: Object.fromEntries(members)};
};

/**
 * The app: the child of rkt's program outside of the pod's pid namespace that is the second process in there. What carries streams for the pod is not in there, and what the app has made its own siblings has
 * another number.
 */
const appBelow = ({pid: parent}: ProcessIdentity): ProcessIdentity | undefined => {
  for (const name of readdirSync('/proc')) {
    const pid = /^\d+$/.test(name) ? Number(name) : undefined;
    if (pid !== undefined && parentOf(pid) === parent && numberInside(pid) === APP) return identify(pid);
  }
  return undefined;
};

/** After the first process of a namespace, the number of the next. */
const APP = 2;

const oldestIn = ({cgroup}: Pick<HostFacts, 'cgroup'>, path: string): ProcessIdentity | undefined =>
  oldest(
    processesOf(cgroup, cgroupPath(cgroup, path)).flatMap((pid) => identify(pid) ?? []),
    parentOf,
  );

// What supervises apps names its cgroups the same only in the hierarchy that it tracks them by.
const tracked = ({cgroup}: HostFacts): Pick<HostFacts, 'cgroup'> => {
  const hierarchy = trackingHierarchy(cgroup);
  return {cgroup: {...cgroup, hierarchies: hierarchy === undefined ? [] : [hierarchy]}};
};

type Located = Pick<Flavor, 'declaration' | 'appCgroup' | 'appProcess'>;

const ask = (flavor: Located, hook: 'appCgroup' | 'appProcess', pod: Pod, app: App): unknown => {
  try {
    return flavor[hook]?.(pod, app);
  } catch (cause) {
    throw flavorFailed(flavor.declaration.name, hook, cause);
  }
};

/** Where the flavor says that an app is, below the pod's cgroup and nowhere else. */
const appCgroup = (flavor: Located, pod: Pod, app: App): string => {
  const path = ask(flavor, 'appCgroup', pod, app);
  const isBelow =
    typeof path === 'string' && path.split('/').every((name) => name !== '' && name !== '.' && name !== '..');
  if (isBelow) return path;
  throw flavorPlanInvalid(flavor.declaration.name, 'appCgroup', `${JSON.stringify(path)} is not below the pod`);
};
