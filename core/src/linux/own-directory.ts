import {constants, fstatSync, lstatSync, mkdtempSync} from 'node:fs';
import {basename, dirname} from 'node:path';
import type {HostPath} from '../contract/names.ts';
import type {Fd} from './fd.ts';
import {lockDirectory} from './lock.ts';
import {namesIn} from './names-in.ts';
import {openHost} from './openat2.ts';
import {removeOpenTree} from './remove-tree.ts';
import {isErrno} from './syscall-error.ts';

/** A directory that is this process's own while its lock is held, and is removed with all that is left in it. */
export interface OwnDirectory extends Disposable {
  readonly path: HostPath;
  /** The very directory: where others may rename what is beside their own, its path can lead to something else. */
  readonly directory: Fd;
}

/** Makes one. @param prefix path that its own begins with */
export const makeOwnDirectory = (prefix: string): OwnDirectory => {
  for (;;) {
    const path = mkdtempSync(prefix) as HostPath;
    const lock = tryLock(path);
    // Someone who cleans up can take a directory that is not locked yet.
    if (lock !== undefined) return {path, directory: lock, [Symbol.dispose]: () => remove(path, lock)};
  }
};

/**
 * Removes what this user's processes that died have left behind.
 * @param mayBe whether something of that name may be removed when nobody has locked it
 * @param tell called with each path
 */
export const removeAbandoned = (
  parent: string,
  mayBe: (name: string) => boolean,
  tell: (path: string) => void = () => {},
): void => {
  for (const name of namesIn(parent)) {
    const path = `${parent}/${name}`;
    if (!mayBe(name) || lstatSync(path, {throwIfNoEntry: false})?.uid !== process.geteuid?.()) continue;
    const lock = tryLock(path);
    if (lock === undefined) continue;
    tell(path);
    try {
      remove(path, lock);
    } catch (error) {
      // A program of the process that died still writes there, and ends soon. It is for whoever comes next.
      if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    }
  }
};

/** `undefined` if somebody holds it, or it is gone. */
const tryLock = (path: string): Fd | undefined => {
  try {
    const lock = lockDirectory(path, 'exclusive');
    if (lock === undefined) return undefined;
    if (isAt(path, lock)) return lock;
    lock.close();
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
  }
  return undefined;
};

const isAt = (path: string, directory: Fd): boolean => {
  const [found, own] = [lstatSync(path, {throwIfNoEntry: false}), fstatSync(directory.number)];
  return found?.ino === own.ino && found.dev === own.dev;
};

/** It goes by its descriptor, and of what has its name at most a directory that is empty. */
const remove = (path: string, lock: Fd): void => {
  using held = lock;
  using parent = openHost(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    removeOpenTree(parent, basename(path), held);
  } catch (error) {
    if (!isErrno(error, 'ENOTDIR', 'ENOTEMPTY', 'EEXIST') || isAt(path, held)) throw error;
  }
};
