import type {CgroupLimits} from '../contract/process.ts';
import type {CgroupFacts, Hierarchy} from './cgroup-hierarchies.ts';
import {controllersOf, type LimitName} from './cgroup-limits.ts';
import {cgroupControllerMissing} from './errors.ts';

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

/** @throws RKT_CGROUP_CONTROLLER_MISSING */
export const holderOf = ({hierarchies, controllers}: CgroupFacts, limit: LimitName): Hierarchy => {
  const usable = controllersOf(limit).filter((controller) => controllers.includes(controller));
  const holder = hierarchies.find((hierarchy) =>
    usable.some((controller) => hierarchy.controllers.includes(controller)),
  );
  if (holder === undefined) throw cgroupControllerMissing(limit, controllersOf(limit)[0] ?? limit);
  return holder;
};

/** Those that are set. */
export const limitNames = (limits: CgroupLimits): LimitName[] =>
  (Object.keys(limits) as LimitName[]).filter((limit) => limits[limit] !== undefined);
