import {chmodSync, constants, existsSync, mkdirSync} from 'node:fs';
import {basename, dirname, join, resolve} from 'node:path';
import type {HostPath, ImageId} from '../contract/names.ts';
import {directoryBeside} from '../linux/directory-beside.ts';
import type {Fd} from '../linux/fd.ts';
import {openStored} from '../linux/open-stored.ts';
import {O_PATH, openHost} from '../linux/openat2.ts';
import type {OwnDirectory} from '../linux/own-directory.ts';
import {exchange, renameNoReplace} from '../linux/rename.ts';
import {rootless} from '../linux/rootless.ts';
import {checkOutput, outputFault} from './check-output.ts';
import {copyTree} from './copy-tree.ts';
import {imageNotFound, imageOutputUnusable} from './errors.ts';
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
    const lower = await layersOf(store, id, {flat: true});
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
  using _held = holdImages(store);
  const image = imageDirectory(store, id);
  if (!hasImage(store, id)) throw imageNotFound(id);
  const target = resolve(output);
  checkOutput(target, 'directory', overwrite);
  using parent = openParent(target);
  using beside = makeBeside(target, parent);
  const work = beside.directory.path;
  const made = join(work, 'image');
  // Set-user-ID programs of an image are what they are, for nobody else to run (S11).
  mkdirSync(made, {mode: 0o700});
  {
    using rootfs = openStored(await findRootfs(), O_PATH | constants.O_DIRECTORY);
    await copyTree(rootfs, join(made, 'rootfs') as HostPath, target);
  }
  if (!rootfsOnly) {
    using manifest = openStored(`${image}/manifest` as HostPath, O_PATH);
    await copyTree(manifest, join(made, 'manifest') as HostPath, target);
  }
  const result = rootfsOnly ? join(made, 'rootfs') : made;
  // What an image has setuid is the user's then, and nobody else's to start.
  if (rootless() !== undefined) chmodSync(result, 0o700);
  appear(result, join(parent.path, basename(target)), {target, overwrite});
};

/** What is replaced is never without a name that its owner knows. */
const appear = (
  result: string,
  place: string,
  {target, overwrite}: {readonly target: string; readonly overwrite: boolean},
): void => {
  try {
    if (overwrite && existsSync(place)) exchange(result, place);
    else renameNoReplace(result, place);
  } catch (error) {
    throw outputFault(target, error);
  }
};

const openParent = (target: string): Fd => {
  try {
    return openHost(dirname(target), O_PATH | constants.O_DIRECTORY);
  } catch (error) {
    throw outputFault(target, error);
  }
};

const makeBeside = (target: string, parent: Fd): OwnDirectory => {
  try {
    const beside = directoryBeside(parent);
    if (beside !== undefined) return beside;
  } catch (error) {
    throw outputFault(target, error);
  }
  throw imageOutputUnusable(target, 'somebody else renames what is made beside it');
};
