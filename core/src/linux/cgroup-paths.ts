import {constants} from 'node:fs';
import type {CgroupFacts, Hierarchy} from './cgroup-hierarchies.ts';
import {cgroupNotMounted} from './errors.ts';
import {O_PATH, openHost} from './openat2.ts';
import type {CgroupMembership} from './proc-cgroup.ts';
import {isOn} from './statfs.ts';

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

/** The cgroup of a pod or app, from the path that the contract gives below the host's parent. */
export const cgroupPath = ({parent}: CgroupFacts, path: string): string =>
  `${parent === '/' ? '' : parent}/${path.replace(/^\/+/, '')}`;

/** `/a/b/c` → `/a`, `/a/b`, `/a/b/c`. */
export const levels = (path: string): string[] => {
  const names = path.split('/').filter((name) => name !== '');
  if (names.some((name) => name === '..' || name === '.')) throw new Error(`not the path of a cgroup: ${path}`);
  return names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`);
};

export const isWithin = (path: string, base: string): boolean => path === base || path.startsWith(`${base}/`);

/** Where a process is in one hierarchy. */
export const membershipIn = (
  {version, controllers}: Hierarchy,
  memberships: readonly CgroupMembership[],
): CgroupMembership | undefined =>
  memberships.find((candidate) =>
    version === 2 ? candidate.hierarchy === 0 : controllers.some((name) => candidate.controllers.includes(name)),
  );
