import {lstatSync, realpathSync, type Stats} from 'node:fs';
import type {AppName} from '../../contract/names.ts';
import type {Mount, Volume} from '../../contract/pod.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {mountTargetRefused} from '../errors.ts';
import {innermost, isBelow} from './nested-mounts.ts';

const SYS = '/sys';

/** What is there, `undefined` for nothing, `null` for whoever may not look: who only plans may not be able to. */
type Look = (path: string) => Stats | undefined | null;

/**
 * Refuses a volume below /sys that has no place there: nothing can be made in what the kernel shows, but in a directory that is hidden from the app. This host's own /sys tells what there is.
 * @param masked paths that the pod hides
 * @param look replaced by tests
 * @throws RKT_POD_MOUNT_TARGET_REFUSED
 */
export const checkSysTargets = (
  app: AppName,
  mounts: readonly Mount[],
  volumes: readonly Volume[],
  masked: readonly string[],
  look: Look = lookAt,
): void => {
  for (const {path, volume: name} of mounts) {
    // In another volume it is that one's business.
    if (!isBelow(path, SYS) || innermost(mounts, path, {itself: false}) !== undefined) continue;
    const volume = volumes.find((candidate) => candidate.name === name);
    const because = whyNot(path, volume === undefined || isDirectory(volume), masked, look);
    if (because !== undefined) throw mountTargetRefused(app, path, because);
  }
};

const isDirectory = (volume: Volume): boolean => volume.kind === 'empty' || volume.type === 'directory';

const whyNot = (target: string, directory: boolean, masked: readonly string[], look: Look): string | undefined => {
  const device = look(SYS)?.dev;
  const names = target.split('/');
  for (let length = 3; length <= names.length; length++) {
    const path = names.slice(0, length).join('/');
    const found = look(path);
    if (found === null) return undefined;
    if (found === undefined) return `the kernel has no ${path}, and nothing can be made in ${SYS}`;
    if (found.isSymbolicLink()) return `${path} is a symbolic link: name what it leads to, ${leadsTo(path)}`;
    const isLast = length === names.length;
    if (isLast && found.isDirectory() !== directory)
      return directory
        ? 'it is a file of the kernel, and the volume a directory'
        : 'it is a directory, and the volume is none';
    // The rest is made.
    if (masked.includes(path)) return undefined;
    if (!isLast && found.dev !== device)
      return `another file system of the host is mounted on ${path}, which the pod has not: mount that as a whole`;
  }
  return undefined;
};

const leadsTo = (path: string): string => {
  try {
    return realpathSync(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'ELOOP')) return 'if there is anything';
    throw error;
  }
};

const lookAt: Look = (path) => {
  try {
    return lstatSync(path, {throwIfNoEntry: false});
  } catch (error) {
    if (isErrno(error, 'ENOTDIR')) return undefined;
    if (isErrno(error, 'EACCES', 'ENAMETOOLONG')) return null;
    throw error;
  }
};
