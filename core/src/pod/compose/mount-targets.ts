import path from 'node:path';
import type {RootfsPath} from '../../contract/names.ts';
import {mountTargetRefused} from '../errors.ts';

/** Masks and read-only mounts lie there; a volume above or below would undo them (S07). */
const KERNEL = ['/proc', '/sys', '/dev'] as const;

/**
 * Refuses a target that is no place for a volume: the root itself, kernel file systems, or a path with `..`, which could lead anywhere once a
 * symlink is before it. Returns it without `.` and doubled slashes.
 * @throws RKT_POD_MOUNT_TARGET_REFUSED
 */
export const checkMountTarget = (app: string, target: RootfsPath): RootfsPath => {
  if (target.split('/').includes('..')) throw mountTargetRefused(app, target, 'it contains ".."');
  const normal = path.posix.normalize(target).replace(/(?<=.)\/$/, '') as RootfsPath; // absolute as before
  if (normal === '/') throw mountTargetRefused(app, target, 'it is the root directory');
  const kernel = KERNEL.find((directory) => normal === directory || normal.startsWith(`${directory}/`));
  if (kernel !== undefined) throw mountTargetRefused(app, target, `${kernel} belongs to the kernel`);
  return normal;
};

/**
 * {@link checkMountTarget} of all targets of an app, of which none may be or contain another (appc EX-12).
 * @throws RKT_POD_MOUNT_TARGET_REFUSED
 */
export const checkMountTargets = (app: string, targets: readonly RootfsPath[]): RootfsPath[] => {
  const checked = targets.map((target) => checkMountTarget(app, target));
  // What lies between a path and one below it in this order is below it, too.
  const sorted = checked.map((target) => `${target}/`).sort();
  for (const [index, target] of sorted.entries()) {
    const outer = sorted[index - 1];
    if (outer === undefined || !target.startsWith(outer)) continue;
    throw mountTargetRefused(app, target.slice(0, -1), `it overlaps with ${outer.slice(0, -1)}`);
  }
  return checked;
};
