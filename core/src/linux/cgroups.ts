import {
  chownSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  write as writeAsync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type {CgroupLimits} from '../contract/process.ts';
import type {CgroupFacts, Hierarchy} from './cgroup-hierarchies.ts';
import {controllersOf, holds, type LimitFile, type LimitName, limitFiles} from './cgroup-limits.ts';
import {cgroupTree, ifThere, processesIn, removeCgroupsBelow} from './cgroup-tree.ts';
import {
  cgroupControllerMissing,
  cgroupKillFailed,
  cgroupLimitNotHeld,
  cgroupNotMounted,
  cgroupParentBusy,
  cgroupRemoveFailed,
} from './errors.ts';
import type {Fd} from './fd.ts';
import {O_PATH, openHost} from './openat2.ts';
import {pidfdOpen, pidfdSignal} from './pidfd.ts';
import {type CgroupMembership, cgroupsOf} from './proc-cgroup.ts';
import {sleep} from './sleep.ts';
import {isOn} from './statfs.ts';
import {isErrno} from './syscall-error.ts';
import {words} from './words.ts';

/*
 * A cgroup is named by its absolute path, the same in every hierarchy. Hierarchies are checked to be cgroup file systems before anything is
 * written: a host that mounts a tmpfs above them would silently take directories and files of any name.
 */

const verified = new WeakSet<Hierarchy>();

/** Directory of a cgroup in one hierarchy. */
export const directoryOf = (hierarchy: Hierarchy, path: string): string => {
  if (!verified.has(hierarchy)) {
    using mountPoint = openHost(hierarchy.mountPoint, O_PATH | constants.O_DIRECTORY);
    if (!isOn(mountPoint, hierarchy.version === 1 ? 'cgroup' : 'cgroup2')) {
      throw cgroupNotMounted(hierarchy.mountPoint);
    }
    verified.add(hierarchy);
  }
  return path === '/' ? hierarchy.mountPoint : `${hierarchy.mountPoint}${path}`;
};

/** `/a/b/c` → `/a`, `/a/b`, `/a/b/c`. */
const levels = (path: string): string[] => {
  const names = path.split('/').filter((name) => name !== '');
  if (names.some((name) => name === '..' || name === '.')) throw new Error(`not the path of a cgroup: ${path}`);
  return names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`);
};

const write = (file: string, value: string): void => writeFileSync(file, value, {flag: 'r+'});
const read = (file: string): string => readFileSync(file, 'utf8').trim();

/** The cgroup of a pod or app, from the path that the contract gives below the host's parent. */
export const cgroupPath = ({parent}: CgroupFacts, path: string): string =>
  `${parent === '/' ? '' : parent}/${path.replace(/^\/+/, '')}`;

/** The hierarchy that tells which processes a pod has: cgroup2, else systemd's, else any. `undefined` on a host without cgroups. */
export const trackingHierarchy = ({hierarchies}: Pick<CgroupFacts, 'hierarchies'>): Hierarchy | undefined =>
  hierarchies.find(({version}) => version === 2) ??
  hierarchies.find(({controllers}) => controllers.includes('name=systemd')) ??
  hierarchies[0];

/**
 * The hierarchies in which a pod with these limits needs a cgroup: the one that tracks it, those that hold its limits, those of `further` controllers, and what keeps it from
 * forking while it is killed ({@link killCgroup}). In the others it stays where rkt was started; a v1 cpuset alone would take longer to set up than the rest of the pod.
 */
export const usedHierarchies = (
  facts: CgroupFacts,
  limits: CgroupLimits,
  further: readonly string[] = [],
): Hierarchy[] => {
  const holders = limitNames(limits).map((limit) => holderOf(facts, limit));
  const tracking = trackingHierarchy(facts);
  const wanted = tracking?.version === 1 ? [...further, 'pids'] : further;
  return facts.hierarchies.filter(
    (hierarchy) =>
      hierarchy === tracking ||
      holders.includes(hierarchy) ||
      (hierarchy.version === 1 && hierarchy.controllers.some((name) => wanted.includes(name))),
  );
};

/** Creates a cgroup and its missing parents in every hierarchy. EEXIST if it is there already. */
export const createCgroup = ({hierarchies}: Pick<CgroupFacts, 'hierarchies'>, path: string): void => {
  for (const hierarchy of hierarchies) {
    let above = directoryOf(hierarchy, '/');
    for (const level of levels(path)) {
      const directory = directoryOf(hierarchy, level);
      try {
        mkdirSync(directory, {mode: 0o755});
      } catch (error) {
        if (level === path || !isErrno(error, 'EEXIST')) throw error;
      }
      if (hierarchy.version === 1 && hierarchy.controllers.includes('cpuset')) inheritCpuset(above, directory);
      above = directory;
    }
  }
};

const DELEGATED = ['cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads', 'tasks'];

/** Lets a user make cgroups below this one and move processes there, as systemd delegates (Delegate=); limits of this one stay root's. */
export const giveCgroup = ({hierarchies}: Pick<CgroupFacts, 'hierarchies'>, path: string, owner: number): void => {
  for (const hierarchy of hierarchies) {
    const directory = directoryOf(hierarchy, path);
    for (const file of ['', ...DELEGATED.map((name) => `/${name}`)]) {
      if (existsSync(`${directory}${file}`)) chownSync(`${directory}${file}`, owner, owner);
    }
  }
};

// A v1 cpuset takes no process until it has been told which CPUs and memory nodes it has.
const inheritCpuset = (above: string, directory: string): void => {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (read(`${directory}/${file}`) === '') write(`${directory}/${file}`, read(`${above}/${file}`));
  }
};

/** Moves this process there in every hierarchy, one write after the other: the kernel's first one is the expensive one. */
export const joinCgroup = ({hierarchies}: Pick<CgroupFacts, 'hierarchies'>, path: string): void => {
  for (const hierarchy of hierarchies) write(`${directoryOf(hierarchy, path)}/cgroup.procs`, '0');
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

/** Where a process is in one hierarchy. */
export const membershipIn = (
  {version, controllers}: Hierarchy,
  memberships: readonly CgroupMembership[],
): CgroupMembership | undefined =>
  memberships.find((candidate) =>
    version === 2 ? candidate.hierarchy === 0 : controllers.some((name) => candidate.controllers.includes(name)),
  );

/**
 * Opens the ways into exactly the cgroups of another process, where this one is not in them already. The kernel asks for the rights of who opened them, so they
 * can be used by what has lost its own; see {@link joinThrough}.
 */
export const openCgroupsOf = ({hierarchies}: CgroupFacts, pid: number): Fd[] => {
  const [theirs, own] = [cgroupsOf(pid), cgroupsOf()];
  return hierarchies.flatMap((hierarchy) => {
    const path = membershipIn(hierarchy, theirs)?.path;
    if (path === undefined || path === membershipIn(hierarchy, own)?.path) return [];
    return [openHost(`${directoryOf(hierarchy, path)}/cgroup.procs`, constants.O_WRONLY)];
  });
};

/** Moves this process into a cgroup. */
export const joinThrough = (procs: Fd): void => {
  writeSync(procs.number, '0');
};

/** Moves this process back to the cgroups that it was started in. Does nothing where it is not in `path`. */
export const leaveCgroup = ({hierarchies}: CgroupFacts, path: string): void => {
  const own = cgroupsOf();
  if (own.every((membership) => !isWithin(membership.path, path))) return;
  for (const hierarchy of hierarchies) write(`${directoryOf(hierarchy, hierarchy.own)}/cgroup.procs`, '0');
};

export const isWithin = (path: string, base: string): boolean => path === base || path.startsWith(`${base}/`);

const holderOf = ({hierarchies, controllers}: CgroupFacts, limit: LimitName): Hierarchy => {
  const usable = controllersOf(limit).filter((controller) => controllers.includes(controller));
  const holder = hierarchies.find((hierarchy) =>
    usable.some((controller) => hierarchy.controllers.includes(controller)),
  );
  if (holder === undefined) throw cgroupControllerMissing(limit, controllersOf(limit)[0] ?? limit);
  return holder;
};

const limitNames = (limits: CgroupLimits): LimitName[] =>
  (Object.keys(limits) as LimitName[]).filter((limit) => limits[limit] !== undefined);

const filesOf = (facts: CgroupFacts, path: string, limits: CgroupLimits): (LimitFile & {hierarchy: Hierarchy})[] =>
  limitNames(limits).flatMap((limit) => {
    const hierarchy = holderOf(facts, limit);
    return limitFiles({[limit]: limits[limit]}, hierarchy.version, facts.disks).map((entry) => ({
      ...entry,
      hierarchy,
      file: `${directoryOf(hierarchy, path)}/${entry.file}`,
      ...(entry.effective === undefined ? {} : {effective: `${directoryOf(hierarchy, path)}/${entry.effective}`}),
    }));
  });

/** Of a cgroup that has its controllers by now: before that it has no file at all. */
const isMissed = ({limit, file}: LimitFile): boolean => limit !== 'memorySwapMax' || existsSync(file) || hasSwap();

const SWAPS = '/proc/swaps';

/** A kernel that counts no swap has no file for its limit, which nobody misses on a host without any. */
const hasSwap = (): boolean => existsSync(SWAPS) && read(SWAPS).includes('\n');

/**
 * Sets limits and reads each back.
 * @param further controllers that the cgroup is to have besides, for limits below it; those that v2 has not here are skipped
 * @throws RKT_CGROUP_CONTROLLER_MISSING, RKT_CGROUP_LIMIT_NOT_HELD, RKT_CGROUP_PARENT_BUSY
 */
export const setLimits = (
  facts: CgroupFacts,
  path: string,
  limits: CgroupLimits,
  further: readonly string[] = [],
): void => {
  const files = filesOf(facts, path, limits);
  for (const hierarchy of facts.hierarchies.filter(({version}) => version === 2)) {
    const wanted = [
      ...files.filter((entry) => entry.hierarchy === hierarchy).map(({controller}) => controller),
      ...ofHierarchy(hierarchy, further),
    ];
    if (wanted.length > 0) handDown(hierarchy, path, [...new Set(wanted)]);
  }
  for (const {file, value} of files.filter(isMissed)) {
    try {
      write(file, value);
    } catch (cause) {
      throw cgroupLimitNotHeld(file, value, undefined, {cause});
    }
  }
  for (const {file, value, wanted, actual} of readLimits(facts, path, limits)) {
    if (actual !== wanted) throw cgroupLimitNotHeld(file, value, actual);
  }
};

const ofHierarchy = ({version, controllers}: Hierarchy, further: readonly string[]): string[] =>
  version === 2 ? further.filter((name) => controllers.includes(name)) : [];

/** Whether a cgroup has these controllers only because those above hand them down. */
export const areHandedDown = ({hierarchies}: CgroupFacts, further: readonly string[]): boolean =>
  hierarchies.some((hierarchy) => ofHierarchy(hierarchy, further).length > 0);

// v2: a controller exists in a cgroup only when every one above hands it down.
const handDown = (hierarchy: Hierarchy, path: string, controllers: readonly string[]): void => {
  for (const level of ['/', ...levels(path).slice(0, -1)]) {
    const file = `${directoryOf(hierarchy, level)}/cgroup.subtree_control`;
    const present = words(read(file));
    const missing = controllers.filter((controller) => !present.includes(controller));
    if (missing.length === 0) continue;
    try {
      write(file, missing.map((controller) => `+${controller}`).join(' '));
    } catch (cause) {
      throw isErrno(cause, 'EBUSY') ? cgroupParentBusy(level, missing, cause) : cause;
    }
  }
};

export interface LimitReading {
  readonly limit: LimitName;
  readonly file: string;
  /** What was written. */
  readonly value: string;
  /** Equal to `wanted` when the limit holds, the kernel's rounding to pages allowed for. */
  readonly actual: string;
  readonly wanted: string;
}

/** What the kernel has for each of these limits. ENOENT when the cgroup is gone. */
export const readLimits = (facts: CgroupFacts, path: string, limits: CgroupLimits): LimitReading[] =>
  filesOf(facts, path, limits)
    .filter(isMissed)
    .map((entry) => {
      const {limit, file, value, effective} = entry;
      const set = read(file);
      const actual = effective === undefined || set !== value ? set : read(effective);
      const base = {...entry, file: file.slice(file.lastIndexOf('/') + 1)};
      return {limit, file, value, wanted: value, actual: holds(base, actual) ? value : actual};
    });

/**
 * {@link readLimits} for a process: in its own cgroup and those above it, down from `base`, innermost first, as far as they have the limit. The paths may differ
 * between hierarchies. Empty when the process is not below `base`.
 */
export const readLimitsOf = (
  facts: CgroupFacts,
  memberships: readonly CgroupMembership[],
  base: string,
  limits: CgroupLimits,
): LimitReading[][] => {
  const [name] = limitNames(limits);
  const path = name === undefined ? undefined : membershipIn(holderOf(facts, name), memberships)?.path;
  if (path === undefined || !isWithin(path, base)) return [];
  // v2: its parent may not hand the controller down.
  return levels(path)
    .filter((level) => isWithin(level, base))
    .reverse()
    .flatMap((level) => ifThere(() => [readLimits(facts, level, limits)]) ?? []);
};

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

const processesBelow = (directory: string): number[] => {
  const pids: number[] = [];
  for (const cgroup of cgroupTree(directory)) for (const pid of processesIn(cgroup)) pids.push(pid);
  return pids;
};

/** The processes of a cgroup and those below it, in any hierarchy. */
export const processesOf = ({hierarchies}: CgroupFacts, path: string): number[] => [
  ...new Set(hierarchies.flatMap((hierarchy) => processesBelow(directoryOf(hierarchy, path)))),
];

const PAUSE = 10;
const ROUNDS = 1000;

/**
 * Kills every process of a cgroup and those below it, except this one, and waits until they have ended. Where the kernel does not kill them all at once, they may not fork any more from here on: who forks and ends would be gone
 * whenever it is looked for. Who is killed in the middle of this leaves nothing that stands still, as by the freezer.
 * @throws RKT_CGROUP_KILL_FAILED after ten seconds.
 */
export const killCgroup = (facts: CgroupFacts, path: string): void => {
  const v2 = facts.hierarchies.find(({version}) => version === 2);
  const killFile = v2 && `${directoryOf(v2, path)}/cgroup.kill`;
  const others = () => processesOf(facts, path).filter((pid) => pid !== process.pid);
  const inside = cgroupsOf().some((membership) => isWithin(membership.path, path));
  // Since Linux 5.14; reaches also those that are just being forked.
  const atOnce = killFile !== undefined && !inside && existsSync(killFile);
  if (!atOnce) forbidForks(facts, path);
  for (let round = 0, pids = others(); pids.length > 0; pids = others()) {
    if (round++ === ROUNDS) throw cgroupKillFailed(path, pids);
    if (atOnce) ifThere(() => write(killFile, '1'));
    for (const pid of pids) signalMember(pid, path, 'SIGKILL');
    sleep(PAUSE);
  }
};

const forbidForks = ({hierarchies}: CgroupFacts, path: string): void => {
  for (const hierarchy of hierarchies) ifThere(() => write(`${directoryOf(hierarchy, path)}/pids.max`, '0'));
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

/**
 * Removes a cgroup and those below it in every hierarchy; what does not exist is skipped. Waits a little for processes that are just ending.
 * @throws RKT_CGROUP_REMOVE_FAILED
 */
export const removeCgroup = ({hierarchies}: CgroupFacts, path: string): void => {
  for (const hierarchy of hierarchies) removeDirectory(directoryOf(hierarchy, path));
};

const REMOVE_ROUNDS = 100;

const removeDirectory = (directory: string): void => {
  let round = 0;
  const waitOrFail = (error: unknown): void => {
    if (round++ === REMOVE_ROUNDS || !isErrno(error, 'EBUSY')) throw cgroupRemoveFailed(directory, error);
    sleep(PAUSE);
  };
  for (;;) {
    removeCgroupsBelow(directory, waitOrFail);
    try {
      rmdirSync(directory);
      return;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return;
      waitOrFail(error);
    }
  }
};
