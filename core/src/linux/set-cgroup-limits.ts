import type {CgroupLimits} from '../contract/process.ts';
import {read, write} from './cgroup-file.ts';
import type {CgroupFacts, Hierarchy} from './cgroup-hierarchies.ts';
import {directoryOf, levels} from './cgroup-paths.ts';
import {cgroupLimitNotHeld, cgroupParentBusy} from './errors.ts';
import {filesOf, isMissed, readLimits} from './read-cgroup-limits.ts';
import {isErrno} from './syscall-error.ts';
import {words} from './words.ts';

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
