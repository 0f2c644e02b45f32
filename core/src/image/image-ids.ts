import {existsSync} from 'node:fs';
import type {ImageId} from '../contract/names.ts';
import {namesIn} from '../linux/names-in.ts';
import {type ImageStore, imageDirectory, removedMark} from './store.ts';

const FULL = /^sha512-[0-9a-f]{128}$/;

export const isImageId = (text: string): text is ImageId => FULL.test(text);

/** Every image of the store, in no order. */
export const imageIds = (store: ImageStore): ImageId[] => {
  const names = new Set(namesIn(store.images));
  return [...names].filter(isImageId).filter((id) => !names.has(removedMark(id)));
};

/** Whether an image is in the store, for somebody to use. */
export const hasImage = (store: ImageStore, id: ImageId): boolean =>
  existsSync(imageDirectory(store, id)) && !existsSync(`${store.images}/${removedMark(id)}`);
