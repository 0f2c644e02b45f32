import {closeSync, constants, openSync, write as writeAsync} from 'node:fs';
import {write} from './cgroup-file.ts';
import type {CgroupFacts} from './cgroup-hierarchies.ts';
import {directoryOf, isWithin, membershipIn} from './cgroup-paths.ts';
import {createCgroup} from './create-cgroup.ts';
import type {Fd} from './fd.ts';
import {openHost} from './openat2.ts';
import {cgroupsOf} from './proc-cgroup.ts';
import {isErrno} from './syscall-error.ts';

/** Moves this process there in every hierarchy, one write after the other: the kernel's first one is the expensive one. */
export const joinCgroup = ({hierarchies}: Pick<CgroupFacts, 'hierarchies'>, path: string): void => {
  for (const hierarchy of hierarchies) write(`${directoryOf(hierarchy, path)}/cgroup.procs`, '0');
};

/**
 * {@link joinCgroup} on a thread of Node's pool. The kernel moves whole processes, whichever thread asks, and has the first write wait some
 * milliseconds for the other CPUs, which this thread can use.
 */
export const startToJoinCgroup = async (cgroups: Pick<CgroupFacts, 'hierarchies'>, path: string): Promise<void> => {
  for (const hierarchy of cgroups.hierarchies) {
    const file = openSync(`${directoryOf(hierarchy, path)}/cgroup.procs`, 'r+');
    try {
      await writeLater(file, '0');
    } finally {
      closeSync(file);
    }
  }
};

const writeLater = (file: number, value: string): Promise<void> =>
  new Promise((resolve, reject) => {
    onSmallPool(() => writeAsync(file, value, (error) => (error === null ? resolve() : reject(error))));
  });

const POOL = 'UV_THREADPOOL_SIZE';

/** Who needs a thread of the pool first starts all of them, and a launch needs one. */
const onSmallPool = (start: () => void): void => {
  const {[POOL]: before} = process.env;
  process.env[POOL] = '1';
  start();
  if (before === undefined) delete process.env[POOL];
  else process.env[POOL] = before;
};

/** Moves another process there. */
export const moveInto = ({hierarchies}: Pick<CgroupFacts, 'hierarchies'>, path: string, pid: number): void => {
  for (const hierarchy of hierarchies) write(`${directoryOf(hierarchy, path)}/cgroup.procs`, String(pid));
};

/** Of processes that help a pod and are not part of it. */
const HELPERS = 'rkt-helpers';

/**
 * Moves a process that rkt leaves beside a pod out of the cgroup that both were started in, if pods are below that one: in v2 it cannot limit
 * pods while it has processes of its own. The service manager removes what is left with the service.
 */
export const moveAside = ({mode, hierarchies, parent}: CgroupFacts, pid: number): void => {
  const [hierarchy] = hierarchies;
  if (mode !== 'v2' || hierarchy?.own !== parent) return;
  const path = `${parent}/${HELPERS}`;
  try {
    createCgroup({hierarchies}, path);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
  write(`${directoryOf(hierarchy, path)}/cgroup.procs`, String(pid));
};

/**
 * Opens the ways into exactly the cgroups of another process, where this one is not in them already. The kernel asks for the rights of who opened them, so they
 * can be used by what has lost its own.
 */
export const openCgroupsOf = ({hierarchies}: CgroupFacts, pid: number): Fd[] => {
  const [theirs, own] = [cgroupsOf(pid), cgroupsOf()];
  return hierarchies.flatMap((hierarchy) => {
    const path = membershipIn(hierarchy, theirs)?.path;
    if (path === undefined || path === membershipIn(hierarchy, own)?.path) return [];
    return [openHost(`${directoryOf(hierarchy, path)}/cgroup.procs`, constants.O_WRONLY)];
  });
};

/** Moves this process back to the cgroups that it was started in. Does nothing where it is not in `path`. */
export const leaveCgroup = ({hierarchies}: CgroupFacts, path: string): void => {
  const own = cgroupsOf();
  if (own.every((membership) => !isWithin(membership.path, path))) return;
  for (const hierarchy of hierarchies) write(`${directoryOf(hierarchy, hierarchy.own)}/cgroup.procs`, '0');
};
