import {constants, fstatSync, mkdtempSync, statSync} from 'node:fs';
import type {HostPath} from '../contract/names.ts';
import {log} from '../debug.ts';
import type {Fd} from '../linux/fd.ts';
import {lockDirectory} from '../linux/lock.ts';
import {namesIn} from '../linux/names-in.ts';
import {openHost} from '../linux/openat2.ts';
import {removeTree} from '../linux/remove-tree.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {type ImageStore, makeStore} from './store.ts';

/** How directories begin that may be removed when nobody has locked them. */
export const PREFIX = 'spool-';

/** A directory in `cas/tmp` that is this process's own while its lock is held, and is removed with all that is left in it. */
export interface Spool extends Disposable {
  readonly path: HostPath;
}

/** Makes a spool, and removes those of processes that died. */
export const makeSpool = (store: ImageStore): Spool => {
  makeStore(store);
  cleanSpools(store);
  for (;;) {
    const path = mkdtempSync(`${store.spool}/${PREFIX}`) as HostPath;
    const lock = tryLock(path);
    // Someone who cleans up can take a directory that is not locked yet.
    if (lock !== undefined) return {path, [Symbol.dispose]: () => removeSpool(store, path, lock)};
  }
};

/** Removes what processes that died have left behind. */
export const cleanSpools = (store: ImageStore): void => {
  for (const name of namesIn(store.spool)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = `${store.spool}/${name}`;
    const lock = tryLock(path);
    if (lock === undefined) continue;
    log('image')('removing %s, left behind', path);
    removeSpool(store, path, lock);
  }
};

/** `undefined` if somebody holds it, or it is gone. */
const tryLock = (path: string): Fd | undefined => {
  try {
    const lock = lockDirectory(path, 'exclusive');
    if (lock === undefined) return undefined;
    if (fstatSync(lock.number).ino === statSync(path, {throwIfNoEntry: false})?.ino) return lock;
    lock.close();
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
  return undefined;
};

const removeSpool = (store: ImageStore, path: string, lock: Fd): void => {
  using held = lock;
  using parent = openHost(store.spool, constants.O_RDONLY | constants.O_DIRECTORY);
  removeTree(parent, path.slice(path.lastIndexOf('/') + 1));
  void held;
};
