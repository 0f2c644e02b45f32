import {readFileSync} from 'node:fs';
import type {ImageManifest} from '../appc/image-manifest.ts';
import type {ImageId} from '../contract/names.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {imageDamaged, imageNotFound} from './errors.ts';
import {type ImageStore, imageDirectory} from './store.ts';

/** The bytes of an image's manifest, as in the archive. @throws RKT_IMAGE_NOT_FOUND */
export const manifestText = (store: ImageStore, id: ImageId): string => {
  try {
    return readFileSync(`${imageDirectory(store, id)}/manifest`, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw imageNotFound(id);
    throw error;
  }
};

/** The manifest of an image of the store: parsed strictly when it was imported, and not again. @throws RKT_IMAGE_NOT_FOUND, RKT_IMAGE_DAMAGED */
export const imageManifestOf = (store: ImageStore, id: ImageId): ImageManifest => {
  const text = manifestText(store, id);
  try {
    return JSON.parse(text) as ImageManifest;
  } catch (cause) {
    throw imageDamaged(id, 'its manifest does not parse', cause);
  }
};
