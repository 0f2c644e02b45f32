import {existsSync} from 'node:fs';
import type {CgroupLimits} from '../contract/process.ts';
import {read} from './cgroup-file.ts';
import type {CgroupFacts, Hierarchy} from './cgroup-hierarchies.ts';
import {holds, type LimitFile, type LimitName, limitFiles} from './cgroup-limits.ts';
import {directoryOf, isWithin, levels, membershipIn} from './cgroup-paths.ts';
import {ifThere} from './cgroup-tree.ts';
import type {CgroupMembership} from './proc-cgroup.ts';
import {holderOf, limitNames} from './used-hierarchies.ts';

/** The files of a cgroup that limits are written to, with their whole paths. */
export const filesOf = (
  facts: CgroupFacts,
  path: string,
  limits: CgroupLimits,
): (LimitFile & {hierarchy: Hierarchy})[] =>
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
export const isMissed = ({limit, file}: LimitFile): boolean =>
  limit !== 'memorySwapMax' || existsSync(file) || hasSwap();

const SWAPS = '/proc/swaps';

/** A kernel that counts no swap has no file for its limit, which nobody misses on a host without any. */
const hasSwap = (): boolean => existsSync(SWAPS) && read(SWAPS).includes('\n');

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
