import type {RootfsPath} from '../contract/names.ts';
import type {Fd} from '../linux/fd.ts';
import {O_PATH, openInRoot} from '../linux/openat2.ts';
import {isErrno} from '../linux/syscall-error.ts';

/**
 * Opens a path of a rootfs as what the app will find there, or `undefined` if it has none. A symlink on the way is ELOOP: what it leads to
 * can be reached by other names, so covering it would protect nothing.
 */
export const openPresent = (root: Fd, path: RootfsPath): Fd | undefined => {
  try {
    return openInRoot(root, path, O_PATH, {noSymlinks: true});
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
};
