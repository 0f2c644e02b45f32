import {chmodSync, chownSync, mkdirSync, readFileSync, statSync} from 'node:fs';
import {dirname} from 'node:path';
import type {HostPath} from '../contract/names.ts';
import {errnoText} from '../linux/errno-text.ts';
import {rootless} from '../linux/rootless.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {dataDirectoryUnusable} from './errors.ts';
import {lookUpDataDirectory} from './look-up-data-directory.ts';

/** Whose members may look at the data directory: at pods and names of images, not at files of either, as these may be set-user-ID (S11). */
const GROUP = 'rkt';

const ROOT = 0;

/**
 * Makes directories below a data directory, and that itself, which belongs to the group `rkt` if this host has one.
 * @param directories paths, each with whether the group may list it
 * @throws RKT_DATA_DIRECTORY_UNUSABLE, and as {@link makeDataDirectory}
 */
export const makeBelow = (
  dataDir: HostPath,
  directories: readonly (readonly [path: HostPath, open: boolean])[],
): void => {
  makeDataDirectory(dataDir);
  orUnusable(dataDir, () => {
    for (const [path, open] of directories) {
      mkdirSync(path, {recursive: true, mode: 0o700});
      if (open) openToGroup(dataDir, path);
    }
  });
};

/**
 * Makes a data directory, which belongs to the group `rkt` if this host has one; that of an ordinary user is for nobody else. Whoever has made it, it is what {@link lookUpDataDirectory} wants.
 * @throws RKT_DATA_DIRECTORY_OF_ANOTHER, RKT_DATA_DIRECTORY_UNUSABLE, RKT_DATA_DIRECTORY_WRITABLE
 */
export const makeDataDirectory = (dataDir: HostPath): void => {
  orUnusable(dataDir, () => {
    const isRoots = process.geteuid?.() === ROOT && rootless() === undefined;
    if (makeWithParents(dataDir, isRoots ? 0o750 : 0o700) && isRoots) chownSync(dataDir, ROOT, findGroup() ?? ROOT);
  });
  lookUpDataDirectory(dataDir);
};

const orUnusable = (dataDir: HostPath, make: () => void): void => {
  try {
    make();
  } catch (error) {
    const because = isErrno(error, 'ENOENT') ? 'it cannot be made there' : errnoText(error);
    if (because === undefined) throw error;
    throw dataDirectoryUnusable(dataDir, because, error);
  }
};

/** Node's own way to do that has no end where nothing can be made, as in /proc. `false`: it was there. */
const makeWithParents = (path: string, mode: number): boolean => {
  try {
    mkdirSync(path, mode);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    if (!isErrno(error, 'ENOENT') || dirname(path) === path) throw error;
  }
  makeWithParents(dirname(path), mode);
  mkdirSync(path, mode);
  return true;
};

/** The number of the group `rkt`, if the data directory belongs to it. */
export const groupOf = (dataDir: HostPath): number | undefined => {
  const {gid} = statSync(dataDir);
  return gid !== ROOT && gid === findGroup() ? gid : undefined;
};

/** What the group `rkt` may do with a directory: list it, or only find by its name what is in it. Who can list one can lock it (flock(2)), too. */
const MODES = {list: 0o750, pass: 0o710} as const;

/** Gives the group `rkt` a directory, if it has the data directory. */
export const openToGroup = (dataDir: HostPath, path: HostPath, to: keyof typeof MODES = 'list'): void => {
  const gid = groupOf(dataDir);
  if (gid === undefined) return;
  chownSync(path, ROOT, gid);
  chmodSync(path, MODES[to]);
};

const findGroup = (): number | undefined => {
  if (rootless() !== undefined) return undefined;
  try {
    const [, gid] = new RegExp(`^${GROUP}:[^:]*:(\\d+):`, 'm').exec(readFileSync('/etc/group', 'utf8')) ?? [];
    return gid === undefined ? undefined : Number(gid);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
};
