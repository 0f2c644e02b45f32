import {rmSync, writeFileSync} from 'node:fs';
import type {HostPath, ImageId} from '../contract/names.ts';
import type {Pod} from '../contract/pod.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {imageDamaged} from './errors.ts';
import {readInStore, statInStore} from './open-in-store.ts';
import type {ImageStore} from './store.ts';

/** An image or a rendered tree, by its directory below the store's: `images/<id>`, `tree/<key>`. */
export type Part = `images/${string}` | `tree/${string}`;

const MARK = 'damaged';
const MOST_BYTES = 64 * 1024;

/** Notes what is wrong with a part that cannot be put right now: nothing uses it any more. */
export const markDamaged = (store: ImageStore, part: Part, problem: string): void => {
  try {
    writeFileSync(`${store.directory}/${part}/${MARK}`, problem.slice(0, MOST_BYTES / 4), {mode: 0o600});
  } catch (error) {
    // Whoever verifies is told in any case.
    if (!isErrno(error, 'ENOSPC', 'EDQUOT', 'EROFS', 'ENOENT', 'ENOTDIR')) throw error;
  }
};

/** It is what it was. Hold the store. */
export const clearDamage = (store: ImageStore, part: Part): void => {
  if (isKnownDamaged(store, part)) rmSync(`${store.directory}/${part}/${MARK}`, {force: true});
};

export const isKnownDamaged = (store: ImageStore, part: Part): boolean => {
  try {
    return statInStore(store, `${part}/${MARK}`) !== undefined;
  } catch (error) {
    // Who may not look into images cannot use them either.
    if (isErrno(error, 'EACCES')) return false;
    throw error;
  }
};

/**
 * For whoever is about to use a part of an image: one look at a name.
 * @throws RKT_IMAGE_DAMAGED if it is known to be damaged
 */
export const refuseDamaged = (store: ImageStore, id: ImageId, part: Part): void => {
  if (isKnownDamaged(store, part)) throw imageDamaged(id, readInStore(store, `${part}/${MARK}`, MOST_BYTES));
};

/** The same for a pod that has been prepared, of every directory of the store that it is on. */
export const refuseDamagedLayers = (store: ImageStore, {apps, stage1}: Pick<Pod, 'apps' | 'stage1'>): void => {
  const refuse = (id: ImageId, path: HostPath): void => {
    const [, part] = /^((?:images|tree)\/[^/]+)/.exec(path.slice(store.directory.length + 1)) ?? [];
    if (path.startsWith(`${store.directory}/`) && part !== undefined) refuseDamaged(store, id, part as Part); // as above
  };
  if (stage1 !== undefined) refuse(stage1.image.id, stage1.tree);
  for (const {image, rootfs} of apps)
    if (rootfs.kind === 'overlay') for (const path of rootfs.lower) refuse(image.id, path);
};
