import {realpathSync} from 'node:fs';
import {unmount} from './mount.ts';
import {type MountEntry, readMountinfo} from './mountinfo.ts';
import {isErrno} from './syscall-error.ts';

const isBelow = (path: string, directory: string): boolean =>
  path.startsWith(directory === '/' ? '/' : `${directory}/`);

/** Those that are not below another of them. */
const outermost = (paths: readonly string[]): string[] =>
  paths.filter((path) => !paths.some((other) => other !== path && isBelow(path, other)));

/** Of the mounts below a directory, those that are not below another of them, the topmost of a stack first. */
export const outermostBelow = (mounts: readonly MountEntry[], directory: string): string[] =>
  outermost(mounts.map(({mountPoint}) => mountPoint).filter((path) => path !== directory && isBelow(path, directory)));

/** The outermost of the mounts that are neither at, above nor below one of these paths. */
export const outermostBeside = (mounts: readonly MountEntry[], paths: readonly string[]): string[] =>
  outermost(
    mounts
      .map(({mountPoint}) => mountPoint)
      .filter((mount) => !paths.some((path) => mount === path || isBelow(mount, path) || isBelow(path, mount))),
  );

/** Detaches all that is mounted below a directory in this mount namespace; the kernel unmounts it when nobody uses it any more. */
export const detachBelow = (directory: string): void => {
  let canonical: string;
  try {
    canonical = realpathSync(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  detach(outermostBelow(readMountinfo(), canonical));
};

/** Detaches all that {@link outermostBeside} these canonical paths is mounted in this mount namespace. */
export const detachOthers = (paths: readonly string[]): void => detach(outermostBeside(readMountinfo(), paths));

const detach = (mountPoints: readonly string[]): void => {
  for (const path of mountPoints) {
    try {
      unmount(path);
    } catch (error) {
      // Someone else was faster, or the kernel keeps what a container was given.
      if (!isErrno(error, 'ENOENT', 'EINVAL')) throw error;
    }
  }
};
