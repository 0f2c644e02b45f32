import {existsSync, renameSync} from 'node:fs';
import type {ImageId} from '../contract/names.ts';
import {log} from '../debug.ts';
import {fsyncDirectory} from '../linux/fsync.ts';
import {imageInUse, imageNotFound} from './errors.ts';
import {removeFromIndex} from './image-index.ts';
import {podsUsing} from './pods-using.ts';
import {makeSpool, type Spool} from './spool.ts';
import {type ImageStore, imageDirectory, lockImages} from './store.ts';
import {renderedTrees} from './trees.ts';

/**
 * Removes an image and what was rendered of it. Waits while pods are being prepared.
 * @throws RKT_IMAGE_IN_USE, RKT_IMAGE_NOT_FOUND
 */
export const removeImage = (store: ImageStore, id: ImageId): void => {
  using spool = makeSpool(store);
  using lock = lockImages(store, 'exclusive');
  void lock;
  const users = podsUsing(store);
  const pods = users.get(id);
  if (pods !== undefined) throw imageInUse(id, [...pods].sort());
  for (const {key, images} of renderedTrees(store)) {
    if (images.includes(id) && !users.has(key)) takeTree(store, key, spool);
  }
  takeImage(store, id, spool);
};

/** Takes an image out of the store, at once; the spool's end removes it. Whoever calls has seen to it that no pod uses it. */
export const takeImage = (store: ImageStore, id: ImageId, spool: Spool): void => {
  const path = imageDirectory(store, id);
  if (!existsSync(path)) throw imageNotFound(id);
  renameSync(path, `${spool.path}/${id}`);
  fsyncDirectory(store.images);
  removeFromIndex(store, id);
  log('image')('removed %s', id);
};

/** The same for a rendered tree. */
export const takeTree = (store: ImageStore, key: string, spool: Spool): void => {
  renameSync(`${store.trees}/${key}`, `${spool.path}/tree-${key}`);
  log('image')('removed the rendered tree %s', key);
};
