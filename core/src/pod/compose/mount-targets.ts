import {lstatSync} from 'node:fs';
import type {AppName, RootfsPath, VolumeName} from '../../contract/names.ts';
import type {Mount, Volume} from '../../contract/pod.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {mountTargetMissing, mountTargetRefused} from '../errors.ts';
import {innermost, isBelow} from './nested-mounts.ts';

/** Masks and read-only mounts lie there; a volume above or below would undo them (S07). */
const KERNEL = '/proc';
/** rkt makes these; what is below them is the operator's business, and no image's. */
const OPERATORS = ['/dev', '/sys'] as const;
/** File systems of the kernel or of the whole pod, which a volume can replace. */
const WHOLE = ['/dev/mqueue', '/dev/pts', '/dev/shm'] as const;

/**
 * Refuses a target that is no place for a volume: the root itself, or kernel file systems.
 * @throws RKT_POD_MOUNT_TARGET_REFUSED
 */
export const checkMountTarget = (app: string, target: RootfsPath): void => {
  if (target === '/') throw mountTargetRefused(app, target, 'it is the root directory');
  if (target === KERNEL || isBelow(target, KERNEL))
    throw mountTargetRefused(app, target, `${KERNEL} belongs to the kernel`);
  if (OPERATORS.some((place) => place === target))
    throw mountTargetRefused(app, target, 'rkt makes it; a volume may be below');
};

/** {@link checkMountTarget} of a mount point that only the image asks for, which has no say about devices and the kernel. @throws RKT_POD_MOUNT_TARGET_REFUSED */
export const checkImageTarget = (app: string, target: RootfsPath): void => {
  checkMountTarget(app, target);
  const place = OPERATORS.find((directory) => isBelow(target, directory));
  if (place !== undefined)
    throw mountTargetRefused(app, target, `it is below ${place}, and only the image asks for it`);
};

/**
 * {@link checkMountTarget} of all targets of an app, of which no two may be the same; one may be inside of another (rkt against appc EX-12).
 * @throws RKT_POD_MOUNT_TARGET_REFUSED
 */
export const checkMountTargets = (app: string, targets: readonly RootfsPath[]): void => {
  const seen = new Set<RootfsPath>();
  for (const target of targets) {
    checkMountTarget(app, target);
    if (seen.has(target)) throw mountTargetRefused(app, target, 'several volumes are to be there');
    seen.add(target);
  }
  for (const target of targets) {
    const whole = WHOLE.find((place) => isBelow(target, place) && !targets.some((other) => other === place));
    if (whole !== undefined) throw mountTargetRefused(app, target, `${whole} can only be replaced as a whole`);
  }
};

/**
 * Refuses a volume whose target would have to be made in another one of the host, where nothing is created (appc EX-15), or in one that is read-only.
 * @throws RKT_POD_MOUNT_TARGET_MISSING, RKT_POD_MOUNT_TARGET_REFUSED
 */
export const checkNestedTargets = (app: AppName, mounts: readonly Mount[], volumes: readonly Volume[]): void => {
  for (const {path} of mounts) {
    const outer = innermost(mounts, path, {itself: false});
    const volume = volumes.find(({name}) => name === outer?.volume);
    if (outer === undefined || volume === undefined) continue;
    if (volume.kind === 'host' && volume.propagation === 'shared')
      throw mountTargetRefused(
        app,
        path,
        `it would be mounted on the host, too: the volume "${volume.name}" is shared`,
      );
    const rest = path.slice(outer.path.length);
    if (volume.kind === 'host' ? isMissing(`${volume.source}${rest}`) : outer.readOnly && volume.copyUp === undefined)
      throw mountTargetMissing(app, path, volume.name, volume.kind === 'host' ? `${volume.source}${rest}` : undefined);
  }
};

/** Who only plans may not be able to look. */
const isMissing = (path: string): boolean => {
  try {
    return lstatSync(path, {throwIfNoEntry: false}) === undefined;
  } catch (error) {
    if (isErrno(error, 'ENOTDIR')) return true;
    if (isErrno(error, 'EACCES', 'ELOOP', 'ENAMETOOLONG')) return false;
    throw error;
  }
};

/** The volumes of a pod that no app has anywhere. */
export const unmounted = ({
  volumes,
  apps,
}: {
  readonly volumes: readonly Volume[];
  readonly apps: readonly {readonly mounts: readonly Mount[]}[];
}): VolumeName[] => {
  const used = new Set(apps.flatMap(({mounts}) => mounts.map(({volume}) => volume)));
  return volumes.map(({name}) => name).filter((name) => !used.has(name));
};
