import type {MountEntry} from './mountinfo.ts';

/** Directories there that have nothing in them, and are to be mounted on (proc_create_mount_point in the sources of Linux). */
const EMPTY = ['/fs/nfsd', '/openprom', '/sys/fs/binfmt_misc', '/xen'];

/**
 * Whether one of the mounts is a whole `proc` of which nothing is hidden by another: without, the kernel mounts none for a user namespace that has got these mounts from another (fs/namespace.c,
 * mount_too_revealing).
 */
export const showsAllOfProc = (mounts: readonly MountEntry[]): boolean =>
  mounts.some(
    ({id, type, root, mountPoint, options}) =>
      type === 'proc' &&
      root === '/' &&
      !options.includes('ro') &&
      mounts.every((other) => other.parent !== id || EMPTY.includes(other.mountPoint.slice(mountPoint.length))),
  );
