import type {ImageId} from '../contract/names.ts';
import {namesIn} from '../linux/names-in.ts';
import type {ImageStore} from './store.ts';

const FULL = /^sha512-[0-9a-f]{128}$/;

export const isImageId = (text: string): text is ImageId => FULL.test(text);

/** Every image of the store, in no order. */
export const imageIds = (store: ImageStore): ImageId[] => namesIn(store.images).filter(isImageId);
