import {existsSync} from 'node:fs';
import type {ImageId} from '../contract/names.ts';
import {log} from '../debug.ts';
import {fsyncDirectory} from '../linux/fsync.ts';
import {discard} from './discard.ts';
import {imageInUse, imageNotFound} from './errors.ts';
import {hasImage} from './image-ids.ts';
import {removeFromIndex} from './image-index.ts';
import {podsUsing} from './pods-using.ts';
import {clearRemoved, markRemoved} from './removed.ts';
import {cleanSpools} from './spool.ts';
import {type ImageStore, imageDirectory, lockImages, makeStore} from './store.ts';
import {renderedTrees} from './trees.ts';

/** What a pod has of its images: nothing any more, as it will not run again; what it waits to be run with; or what it runs with. */
export type Use = 'over' | 'waits' | 'runs';

/**
 * Removes an image and what was rendered of it. Waits while pods are being prepared. Its files stay for pods that wait to be run, until `collectImages` finds that none has it any more.
 * @param useOf by a pod's UUID. One that is over keeps no image, and cannot be exported then.
 * @returns the UUIDs of the pods that its files stay for
 * @throws RKT_IMAGE_IN_USE, RKT_IMAGE_NOT_FOUND
 */
export const removeImage = (
  store: ImageStore,
  id: ImageId,
  useOf: (pod: string) => Use = () => 'runs',
): readonly string[] => {
  using _ = removal(store);
  using _lock = lockImages(store, 'exclusive');
  if (!hasImage(store, id)) throw imageNotFound(id);
  const users = podsUsing(store);
  // Each is asked once: one that waits can be run meanwhile.
  const podsOf = (name: string) =>
    [...(users.get(name) ?? [])]
      .sort()
      .map((pod) => ({pod, use: useOf(pod)}))
      .filter(({use}) => use !== 'over');
  const pods = podsOf(id);
  const running = pods.filter(({use}) => use === 'runs');
  if (running.length > 0)
    throw imageInUse(
      id,
      running.map(({pod}) => pod),
    );
  for (const {key, images} of renderedTrees(store)) {
    if (images.includes(id) && podsOf(key).length === 0) takeTree(store, key);
  }
  const waiting = pods.map(({pod}) => pod);
  if (waiting.length === 0) takeImage(store, id);
  else {
    markRemoved(store, id);
    log('image')('removed %s, whose files stay for %s', id, waiting);
  }
  return waiting;
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
  clearRemoved(store, id);
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
