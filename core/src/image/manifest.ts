import type {ImageManifest} from '../appc/image-manifest.ts';
import type {ImageId} from '../contract/names.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {imageDamaged, imageNotFound} from './errors.ts';
import {TAR_LIMITS} from './limits.ts';
import {readInStore, statInStore} from './open-in-store.ts';
import type {ImageStore} from './store.ts';

/** The bytes of an image's manifest, as in the archive. @throws RKT_IMAGE_NOT_FOUND, RKT_IMAGE_DAMAGED */
export const manifestText = (store: ImageStore, id: ImageId): string => {
  try {
    return readInStore(store, `images/${id}/manifest`, TAR_LIMITS.manifestBytes);
  } catch (error) {
    const isThere = statInStore(store, `images/${id}`) !== undefined;
    if (isErrno(error, 'ENOENT') && !isThere) throw imageNotFound(id);
    throw imageDamaged(id, 'its manifest cannot be read', error);
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
