import type {HostPath, ImageId} from '../contract/names.ts';
import {refuseDamaged} from './damage.ts';
import {readInfo, touchImage} from './info.ts';
import {OVERLAY_LAYERS} from './limits.ts';
import {type ImageStore, imageDirectory} from './store.ts';
import {type Visit, visitsOf} from './visits.ts';

/** Each image once, at its last visit: whatever an earlier one of the same image laid down, the last one lays down again, over the rest. */
export const distinct = (visits: readonly Visit[]): ImageId[] => [...new Set(visits.map(({id}) => id).reverse())];

/**
 * Overlayfs merges directories and lets what is not a directory hide what lies below, which is what appc asks of rendering (EX-05, EX-06): a file
 * over a directory, a directory over a symlink to one. It differs where a whitelist takes files away (EX-04), and where an archive says
 * nothing about a directory that it has files in: overlayfs would show that directory's made-up owner and mode over the lower one's.
 */
const stackable = (visits: readonly Visit[], upperFirst: readonly ImageId[], isImplicit: IsImplicit): boolean =>
  visits.every(({whitelists}) => whitelists.length === 0) &&
  upperFirst.length <= OVERLAY_LAYERS &&
  !upperFirst.slice(0, -1).some(isImplicit);

/** Whether the archive of an image says nothing about a directory that it has files in. */
type IsImplicit = (id: ImageId) => boolean;

/** Whether images share what an image is made of; else it has a tree of its own. */
export const isShared = (
  visits: readonly Visit[],
  {flat, isImplicit}: {readonly flat: boolean; readonly isImplicit: IsImplicit},
): boolean => {
  const images = distinct(visits);
  return (!flat || images.length === 1) && stackable(visits, images, isImplicit);
};

/**
 * The directories of the store that make up an image's root file system, with its dependencies, uppermost first, as overlayfs takes them. Images share theirs, without copies, unless a whitelist or
 * `flat` asks for a tree of its own, which is rendered once and kept. Hold the store (`holdImages`) until the pod's file names them.
 * @param flat exactly one directory, for those who copy instead of mounting
 * @throws RKT_IMAGE_NOT_FOUND, RKT_IMAGE_DEPENDENCY_…, RKT_IMAGE_LIMIT_EXCEEDED, RKT_IMAGE_DAMAGED where that is known
 */
export const layersOf = async (
  store: ImageStore,
  id: ImageId,
  {flat = false}: {readonly flat?: boolean} = {},
): Promise<readonly HostPath[]> => {
  const visits = visitsOf(store, id);
  const images = distinct(visits);
  for (const image of images) {
    refuseDamaged(store, image, `images/${image}`);
    touchImage(store, image);
  }
  const isImplicit = (image: ImageId) => readInfo(store, image).implicitDirectories;
  if (isShared(visits, {flat, isImplicit}))
    return images.map((image) => `${imageDirectory(store, image)}/rootfs` as HostPath);
  const {renderTree} = await import('./render.ts');
  return [await renderTree(store, visits)];
};
