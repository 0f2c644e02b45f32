import type {HostPath, ImageId} from '../contract/names.ts';
import type {Fd} from '../linux/fd.ts';
import {type LockKind, lockDirectory} from '../linux/lock.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {makeBelow} from './make-below.ts';

/**
 * Where images are. An image is a directory that appears by one rename and is never changed after:
 * `manifest` and `rootfs/` as they are in the archive, `tar-split.zst` all other bytes of the archive (see tar-split.ts), `info.json`
 * what is known about it, `used` an empty file whose mtime is the last use.
 */
export interface ImageStore {
  readonly dataDir: HostPath;
  readonly directory: HostPath;
  /** `<images>/<id>` */
  readonly images: HostPath;
  /** `<trees>/<key>`: rendered trees. */
  readonly trees: HostPath;
  /** What is being made or removed, one directory per process (spool.ts). */
  readonly spool: HostPath;
  /** SQLite, can be rebuilt from the images. */
  readonly index: HostPath;
  /** Locked shared by those who are about to use images, exclusive by those who remove some. */
  readonly lock: HostPath;
}

/** The store below a data directory. Touches nothing: it need not exist. */
export const openStore = (dataDir: HostPath): ImageStore => {
  const directory = `${dataDir}/cas`;
  return {
    dataDir,
    directory: directory as HostPath,
    images: `${directory}/images` as HostPath,
    trees: `${directory}/tree` as HostPath,
    spool: `${directory}/tmp` as HostPath,
    index: `${directory}/index.db` as HostPath,
    lock: `${dataDir}/locks/images` as HostPath,
  };
};

/** Creates what is missing. Nobody but root may look into an image: it may contain set-user-ID programs (S11). */
export const makeStore = ({dataDir, directory, images, trees, spool, lock}: ImageStore): void =>
  makeBelow(dataDir, [
    [directory, true],
    [images, true],
    [trees, false],
    [spool, false],
    [lock, false],
  ]);

export const imageDirectory = (store: ImageStore, id: ImageId): HostPath => `${store.images}/${id}` as HostPath;

/** Name of a file beside an image that has been removed (removed.ts). */
export const removedMark = (id: string): string => `${id}.removed`;

/**
 * Keeps images from being removed. Hold it while a pod is being prepared: from before its images are looked up until its `frozen.json` says which trees
 * it uses, and while it moves to `run`; from then on they are safe for as long as the pod exists. Several may hold it.
 */
export const holdImages = (store: ImageStore): Fd => lockImages(store, 'shared');

/** The same for who only looks and makes nothing: `undefined` where there is no store, or nothing in it to be seen. */
export const holdPresentImages = (store: ImageStore): Fd | undefined => {
  try {
    return takeLock(store, 'shared');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return undefined;
    throw error;
  }
};

/** {@link holdImages}, for whoever removes images: waits until nobody prepares a pod. */
export const lockImages = (store: ImageStore, kind: LockKind): Fd => {
  try {
    return takeLock(store, kind);
  } catch {
    makeStore(store);
    return takeLock(store, kind);
  }
};

const takeLock = (store: ImageStore, kind: LockKind): Fd => {
  const lock = lockDirectory(store.lock, kind, {wait: true});
  if (lock === undefined) throw new TypeError('a lock that waits was not given');
  return lock;
};
