import {constants, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import type {HostPath, ImageId} from '../contract/names.ts';
import {openStored} from '../linux/open-stored.ts';
import {O_PATH} from '../linux/openat2.ts';
import {renameNoReplace} from '../linux/rename.ts';
import {checkOutput, outputFault} from './check-output.ts';
import {copyTree} from './copy-tree.ts';
import {imageNotFound} from './errors.ts';
import {hasImage} from './image-ids.ts';
import {layersOf} from './layers.ts';
import {holdImages, type ImageStore, imageDirectory} from './store.ts';

export interface ExtractOptions {
  /** The root file system alone. Default: it and the manifest, as in the archive. */
  readonly rootfsOnly?: boolean;
  /** Replaces an existing directory. */
  readonly overwrite?: boolean;
}

/** Copies an image, without what it depends on, into a new directory. @throws RKT_IMAGE_OUTPUT_…, RKT_IMAGE_NOT_FOUND */
export const extractImage = (store: ImageStore, id: ImageId, output: string, options: ExtractOptions): Promise<void> =>
  copyOut(store, id, output, options, async () => `${imageDirectory(store, id)}/rootfs` as HostPath);

/** The same with all its dependencies, as an app would see it. @throws RKT_IMAGE_OUTPUT_…, RKT_IMAGE_DEPENDENCY_… */
export const renderImage = (store: ImageStore, id: ImageId, output: string, options: ExtractOptions): Promise<void> =>
  copyOut(store, id, output, options, async () => {
    const {lower} = await layersOf(store, id, {flat: true});
    if (lower[0] === undefined) throw new TypeError('an image without layers');
    return lower[0];
  });

const copyOut = async (
  store: ImageStore,
  id: ImageId,
  output: string,
  {rootfsOnly = false, overwrite = false}: ExtractOptions,
  findRootfs: () => Promise<HostPath>,
): Promise<void> => {
  using held = holdImages(store);
  void held;
  const image = imageDirectory(store, id);
  if (!hasImage(store, id)) throw imageNotFound(id);
  const target = resolve(output);
  checkOutput(target, 'directory', overwrite);
  // Nobody but us can change what is in there while it is filled, and it appears when it is whole.
  const work = makeBeside(target);
  try {
    const made = join(work, 'image');
    mkdirSync(made, {mode: 0o755});
    {
      using rootfs = openStored(await findRootfs(), O_PATH | constants.O_DIRECTORY);
      await copyTree(rootfs, join(made, 'rootfs') as HostPath);
    }
    if (!rootfsOnly) {
      using manifest = openStored(`${image}/manifest` as HostPath, O_PATH);
      await copyTree(manifest, join(made, 'manifest') as HostPath);
    }
    const result = rootfsOnly ? join(made, 'rootfs') : made;
    appear(result, target, overwrite ? join(work, 'replaced') : undefined);
  } finally {
    rmSync(work, {recursive: true, force: true});
  }
};

/** @param aside where what is at the target goes, if it may be replaced */
const appear = (result: string, target: string, aside: string | undefined): void => {
  try {
    if (aside !== undefined && existsSync(target)) renameSync(target, aside);
    renameNoReplace(result, target);
  } catch (error) {
    throw outputFault(target, error);
  }
};

const makeBeside = (target: string): string => {
  try {
    return mkdtempSync(join(dirname(target), '.rkt-'));
  } catch (error) {
    throw outputFault(target, error);
  }
};
