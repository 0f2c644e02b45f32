import type {HostPath, ImageId} from '../contract/names.ts';
import {readInfo} from '../image/info.ts';
import {RATIO_LIMITS, TAR_LIMITS} from '../image/limits.ts';
import type {ImageStore} from '../image/store.ts';
import {imagesOf} from '../image/trees.ts';
import {RktError} from '../rkt-error.ts';

/** A file of a few bytes takes a block and its inode, and less than that in an archive. */
const TIMES = 8;

const LAYER = /\/(?<kind>images|tree)\/(?<name>[^/]+)\/rootfs$/;

/** Bytes that a file system image of some layers may have: in it holes of files are zeros, and an archive of a few bytes can have one of terabytes (S10). */
export const diskImageLimit = (store: ImageStore, layers: readonly HostPath[]): number => {
  const bytes = layers.flatMap((layer) => idsIn(store, layer)).reduce((sum, id) => sum + archiveBytes(store, id), 0);
  return RATIO_LIMITS.freeBytes + TIMES * bytes;
};

const idsIn = (store: ImageStore, layer: HostPath): ImageId[] => {
  const {kind, name = ''} = LAYER.exec(layer)?.groups ?? {};
  return (kind === 'tree' ? imagesOf(store, name) : [name]) as ImageId[];
};

/** A rendered tree stays while a pod uses it, and the images that it has been made of may have gone. */
const archiveBytes = (store: ImageStore, id: ImageId): number => {
  try {
    return readInfo(store, id).size;
  } catch (error) {
    if (error instanceof RktError && error.code === 'RKT_IMAGE_NOT_FOUND') return TAR_LIMITS.totalBytes;
    throw error;
  }
};
