import {realpathSync} from 'node:fs';
import {unmount} from './mount.ts';
import {type MountEntry, readMountinfo} from './mountinfo.ts';
import {isErrno} from './syscall-error.ts';

/** Of the mounts below a directory, those that are not below another of them, the topmost of a stack first. */
export const outermostBelow = (mounts: readonly MountEntry[], directory: string): string[] => {
  const below = mounts.map(({mountPoint}) => mountPoint).filter((path) => path.startsWith(`${directory}/`));
  return below.filter((path) => !below.some((other) => path.startsWith(`${other}/`)));
};

/** Detaches all that is mounted below a directory in this mount namespace; the kernel unmounts it when nobody uses it any more. */
export const detachBelow = (directory: string): void => {
  let canonical: string;
  try {
    canonical = realpathSync(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  for (const path of outermostBelow(readMountinfo(), canonical)) {
    try {
      unmount(path, {detach: true});
    } catch (error) {
      // Someone else was faster.
      if (!isErrno(error, 'ENOENT', 'EINVAL')) throw error;
    }
  }
};
