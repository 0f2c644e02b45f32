import {mountsExcessive} from '../errors.ts';

/** Mounts of all apps of a pod, at most. */
const MAX_POD_MOUNTS = 4000;
/** Directories in the paths of their targets, at most: each may have to be made. */
const MAX_POD_DIRECTORIES = 10_000;

/**
 * Counts the mounts of a pod, app by app, so that images of which each is small enough are not too much together (S10).
 * @param paths without doubled slashes and `.`
 */
export const boundMounts = (): ((app: string, paths: readonly string[]) => void) => {
  let mounts = 0;
  let directories = 0;
  return (app, paths) => {
    mounts += paths.length;
    if (mounts > MAX_POD_MOUNTS) throw mountsExcessive(app, 'mounts', MAX_POD_MOUNTS);
    for (const path of paths) directories += path.split('/').length;
    if (directories > MAX_POD_DIRECTORIES) throw mountsExcessive(app, 'directories', MAX_POD_DIRECTORIES);
  };
};
