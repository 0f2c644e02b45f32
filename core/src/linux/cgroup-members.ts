import {existsSync} from 'node:fs';
import {read} from './cgroup-file.ts';
import type {CgroupFacts} from './cgroup-hierarchies.ts';
import {directoryOf, isWithin} from './cgroup-paths.ts';
import {cgroupTree, ifThere, processesIn} from './cgroup-tree.ts';
import {pidfdOpen, pidfdSignal} from './pidfd.ts';
import {cgroupsOf} from './proc-cgroup.ts';
import {isErrno} from './syscall-error.ts';

/** Whether a cgroup, or one below it, has processes; `false` when it does not exist. */
export const isPopulated = ({hierarchies}: CgroupFacts, path: string): boolean => {
  // A pod joins all hierarchies, so one is enough; v2 answers with a single read.
  const ordered = hierarchies.toSorted((a, b) => b.version - a.version);
  for (const hierarchy of ordered) {
    const directory = directoryOf(hierarchy, path);
    if (!existsSync(directory)) continue;
    if (hierarchy.version === 2) return /^populated 1$/m.test(ifThere(() => read(`${directory}/cgroup.events`)) ?? '');
    return processesBelow(directory).length > 0;
  }
  return false;
};

/** The processes of a cgroup and those below it, in any hierarchy. */
export const processesOf = ({hierarchies}: CgroupFacts, path: string): number[] => [
  ...new Set(hierarchies.flatMap((hierarchy) => processesBelow(directoryOf(hierarchy, path)))),
];

const processesBelow = (directory: string): number[] => {
  const pids: number[] = [];
  for (const cgroup of cgroupTree(directory)) for (const pid of processesIn(cgroup)) pids.push(pid);
  return pids;
};

/** Signals a process, if it is still in a cgroup or below it: the number may be another process's by now, and is asked again while a descriptor holds it. */
export const signalMember = (pid: number, path: string, signal: NodeJS.Signals): void => {
  try {
    using member = pidfdOpen(pid);
    if (cgroupsOf(pid).some((membership) => isWithin(membership.path, path))) pidfdSignal(member, signal);
  } catch (error) {
    if (!isErrno(error, 'ESRCH', 'ENOENT', 'EINVAL')) throw error;
  }
};
