import {closeSync, existsSync, openSync, rmSync} from 'node:fs';
import type {ImageId} from '../contract/names.ts';
import {fsyncDirectory} from '../linux/fsync.ts';
import {namesIn} from '../linux/names-in.ts';
import {isImageId} from './image-ids.ts';
import {type ImageStore, removedMark} from './store.ts';

/*
 * An image that has been removed while prepared pods wait to be run with it: nobody finds it any more (image-ids.ts), and its directory stays where their plans say that it is. What says so is
 * an empty file beside it, there or not at all, which members of the group `rkt` see as they see the image.
 */

/** Durable when it returns. Hold the store exclusively. */
export const markRemoved = (store: ImageStore, id: ImageId): void => {
  closeSync(openSync(`${store.images}/${removedMark(id)}`, 'w', 0o600));
  fsyncDirectory(store.images);
};

/** It is an image as any other, or is not there at all. */
export const clearRemoved = (store: ImageStore, id: ImageId): void => {
  const mark = `${store.images}/${removedMark(id)}`;
  if (!existsSync(mark)) return;
  rmSync(mark, {force: true});
  fsyncDirectory(store.images);
};

/** Images that have been removed and may still be there, in no order. */
export const removedIds = (store: ImageStore): ImageId[] =>
  namesIn(store.images).flatMap((name) => {
    const [id = ''] = name.split('.', 1);
    return isImageId(id) && name === removedMark(id) ? [id] : [];
  });
