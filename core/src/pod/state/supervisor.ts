import type {HostFacts} from '../../contract/host.ts';
import type {Pod, ProcessIdentity} from '../../contract/pod.ts';
import {bootId} from '../../linux/boot-id.ts';
import {cgroupPath, directoryOf} from '../../linux/cgroup-paths.ts';
import type {MemoryCgroup} from '../../linux/oom-kills.ts';
import {identify} from '../../linux/process-identity.ts';
import {trackingHierarchy} from '../../linux/used-hierarchies.ts';
import {readIfWhole} from './read-if-whole.ts';
import type {Summary} from './summary.ts';

/** Who launched a pod. Written before anything else happens in `run`; `execve` keeps the process. */
export interface Supervisor extends ProcessIdentity {
  /** The boot it belongs to: process numbers and start times begin again with the next one. */
  readonly boot: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** The pod's cgroup and the hierarchy that tells most cheaply whether it has processes; `null` on a host without. */
  readonly cgroup: {readonly facts: HostFacts['cgroup']; readonly path: string} | null;
  /** The first process of the pod's pid namespace, if rkt has made one for it: with its end all others there have ended. */
  readonly first?: ProcessIdentity;
  /** The pod's cgroup where the kernel counts the processes that it kills for want of memory. Absent where none of the pod's does. */
  readonly memory?: MemoryCgroup;
  /** The pod's, again: of a pod that was launched, `list` reads this file alone. */
  readonly summary: Summary;
}

/** This process as the supervisor of a pod that is about to be launched. */
export const thisSupervisor = (pod: Pod, {cgroup}: HostFacts, summary: Summary): Supervisor => {
  const identity = identify(process.pid);
  if (identity === undefined) throw new Error('/proc does not show this process');
  const hierarchy = trackingHierarchy(cgroup);
  const memory = memoryCgroup(pod, cgroup);
  return {
    ...identity,
    boot: bootId(),
    startedAt: Date.now(),
    cgroup:
      hierarchy === undefined
        ? null
        : {
            facts: {...cgroup, controllers: [], hierarchies: [{...hierarchy, controllers: []}]},
            path: cgroupPath(cgroup, pod.cgroup),
          },
    ...(memory && {memory}),
    summary,
  };
};

const memoryCgroup = ({limits, apps, cgroup}: Pod, facts: HostFacts['cgroup']): MemoryCgroup | undefined => {
  const hierarchy = facts.hierarchies.find(({controllers}) => controllers.includes('memory'));
  const isLimited = [limits, ...apps.map((app) => app.limits)].some(({memoryMax}) => memoryMax !== undefined);
  // In v1 a pod has a cgroup there for its limits alone.
  if (hierarchy === undefined || (hierarchy.version === 1 && !isLimited)) return undefined;
  return {version: hierarchy.version, directory: directoryOf(hierarchy, cgroupPath(facts, cgroup))};
};

/** The supervisor of the pod in `directory`; `undefined` before it was launched, or if a crash of the machine left no whole file. */
export const readSupervisor = (directory: string): Supervisor | undefined => readIfWhole(directory, 'supervisor');
