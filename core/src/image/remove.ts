import {existsSync} from 'node:fs';
import type {ImageId} from '../contract/names.ts';
import {log} from '../debug.ts';
import {fsyncDirectory} from '../linux/fsync.ts';
import {discard} from './discard.ts';
import {imageInUse, imageNotFound} from './errors.ts';
import {removeFromIndex} from './image-index.ts';
import {podsUsing} from './pods-using.ts';
import {cleanSpools} from './spool.ts';
import {type ImageStore, imageDirectory, lockImages, makeStore} from './store.ts';
import {renderedTrees} from './trees.ts';

/**
 * Removes an image and what was rendered of it. Waits while pods are being prepared.
 * @param isOver whether a pod will not run again: it keeps no image, and cannot be exported then
 * @throws RKT_IMAGE_IN_USE, RKT_IMAGE_NOT_FOUND
 */
export const removeImage = (store: ImageStore, id: ImageId, isOver: (pod: string) => boolean = () => false): void => {
  using _ = removal(store);
  using lock = lockImages(store, 'exclusive');
  void lock;
  const users = new Map(
    [...podsUsing(store)].flatMap(([name, pods]) => {
      const alive = [...pods].filter((pod) => !isOver(pod));
      return alive.length === 0 ? [] : [[name, alive] as const];
    }),
  );
  const pods = users.get(id);
  if (pods !== undefined) throw imageInUse(id, pods.sort());
  for (const {key, images} of renderedTrees(store)) {
    if (images.includes(id) && !users.has(key)) takeTree(store, key);
  }
  takeImage(store, id);
};

/** Removes, at its end, what has been taken: declared before the lock, so that nobody waits for it. */
export const removal = (store: ImageStore): Disposable => {
  makeStore(store);
  return {[Symbol.dispose]: () => cleanSpools(store)};
};

/** Takes an image out of the store, at once. Whoever calls has seen to it that no pod uses it. */
export const takeImage = (store: ImageStore, id: ImageId): void => {
  const path = imageDirectory(store, id);
  if (!existsSync(path)) throw imageNotFound(id);
  discard(store, path);
  fsyncDirectory(store.images);
  forget(store, id);
  log('image')('removed %s', id);
};

/** Readers take no row for an image that is not there: an index without space to change it is no obstacle. */
const forget = (store: ImageStore, id: ImageId): void => {
  try {
    removeFromIndex(store, id);
  } catch (error) {
    log('image')('%s stays in the index: %o', id, error);
  }
};

/** The same for a rendered tree. */
export const takeTree = (store: ImageStore, key: string): void => {
  discard(store, `${store.trees}/${key}`);
  log('image')('removed the rendered tree %s', key);
};
