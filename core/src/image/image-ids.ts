import {readdirSync} from 'node:fs';
import type {ImageId} from '../contract/names.ts';
import {isErrno} from '../linux/syscall-error.ts';
import type {ImageStore} from './store.ts';

const FULL = /^sha512-[0-9a-f]{128}$/;

export const isImageId = (text: string): text is ImageId => FULL.test(text);

/** Every image of the store, in no order. */
export const imageIds = (store: ImageStore): ImageId[] => {
  try {
    return readdirSync(store.images).filter(isImageId);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
};
