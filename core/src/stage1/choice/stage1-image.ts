import {constants, existsSync} from 'node:fs';
import {findAnnotation} from '../../appc/annotations.ts';
import {findLabel} from '../../appc/labels.ts';
import type {Finding} from '../../contract/host.ts';
import type {HostPath, ImageId} from '../../contract/names.ts';
import type {Pod} from '../../contract/pod.ts';
import {type FetchOptions, fetchImage} from '../../image/fetch.ts';
import {findByName, findImage} from '../../image/find-image.ts';
import {layersOf} from '../../image/layers.ts';
import {imageManifestOf} from '../../image/manifest.ts';
import {parseReference} from '../../image/reference.ts';
import {builtImage} from '../../image/stage1-images.ts';
import {type ImageStore, imageDirectory, openStore} from '../../image/store.ts';
import {openStored} from '../../linux/open-stored.ts';
import {O_PATH} from '../../linux/openat2.ts';
import {hasDirectory} from '../../linux/tree-program.ts';
import {RktError} from '../../rkt-error.ts';
import type {Settings} from '../../settings.ts';
import {stage1ImageInvalid, stage1ImageNotStored} from '../errors.ts';
import {type FoundFlavor, findFlavor} from '../load/find.ts';
import type {ChosenFlavor} from './choose-flavor.ts';

/** Annotation of an image by which it says for which flavor it has been made. */
export const STAGE1_FLAVOR = 'rkt/stage1/flavor';

const FLAVOR_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
/** They mean something to the loader of the image's programs. */
const LIBRARY_PATH_SPECIAL = /[:;$]/;

/**
 * The flavor that an image was made for, with the image. The caller holds the images.
 * @param pullPolicy `stored` takes none into the store
 * @throws RKT_STAGE1_IMAGE_INVALID, RKT_STAGE1_IMAGE_NOT_STORED, what `fetchImage` and `findFlavor` throw
 */
export const stage1Image = async (
  {dataDir, insecure}: Settings,
  selection: string,
  pullPolicy: FetchOptions['pullPolicy'] | 'stored',
  options: Parameters<typeof findFlavor>[1],
): Promise<ChosenFlavor> => {
  const store = openStore(dataDir);
  const id =
    pullPolicy === 'stored'
      ? storedImage(store, selection)
      : await fetchImage(store, selection, {pullPolicy, insecure});
  const {name, labels, annotations} = imageManifestOf(store, id);
  const version = findLabel(labels, 'version');
  const flavor = findAnnotation(annotations, STAGE1_FLAVOR);
  if (flavor === undefined) throw stage1ImageInvalid(id, name, `it has no annotation "${STAGE1_FLAVOR}"`);
  // An image names what is installed, never a file.
  if (!FLAVOR_NAME.test(flavor)) throw stage1ImageInvalid(id, name, `"${flavor}" is not the name of a flavor`);
  return withImage(store, await findFlavor(flavor, options), {id, name, version});
};

/** The flavor with the image that has been built for it; `undefined` if there is none, or not any more. */
export const withStoredImage = async (
  {dataDir}: Pick<Settings, 'dataDir'>,
  found: FoundFlavor,
  flavor: string,
): Promise<ChosenFlavor | undefined> => {
  const store = openStore(dataDir);
  const id = builtImage(dataDir, flavor);
  if (id === undefined || !isThere(store, id)) return undefined;
  const {name, labels} = imageManifestOf(store, id);
  return withImage(store, found, {id, name, version: findLabel(labels, 'version')});
};

const withImage = async (
  store: ImageStore,
  found: FoundFlavor,
  {id, name, version}: {readonly id: ImageId; readonly name: string; readonly version: string | undefined},
): Promise<ChosenFlavor> => {
  const {name: flavor, stage1Image: needs} = found.flavor.declaration;
  if (needs === undefined) throw stage1ImageInvalid(id, name, `the flavor "${flavor}" takes no image`);
  const [tree = store.images] = (await layersOf(store, id, {flat: true})).lower;
  if (LIBRARY_PATH_SPECIAL.test(tree)) {
    throw stage1ImageInvalid(
      id,
      name,
      `its programs cannot be started from ${tree}, because of a ":", ";" or "$" in it`,
    );
  }
  using root = openStored(tree, O_PATH | constants.O_DIRECTORY);
  const missing = needs.directories.find((path) => !hasDirectory(root, path));
  if (missing !== undefined) throw stage1ImageInvalid(id, name, `it has no directory ${missing}`);
  return {...found, stage1: {image: {id, name: version === undefined ? name : `${name}:${version}`}, tree}};
};

/** @throws RKT_STAGE1_IMAGE_INVALID if the flavor cannot run with the image's programs on this host */
export const checkPrograms = ({image: {id, name}}: NonNullable<Pod['stage1']>, findings: readonly Finding[]): void => {
  const missing = findings.filter(({severity}) => severity === 'missing').map(({what}) => what);
  if (missing.length > 0) throw stage1ImageInvalid(id, name, missing.join('; '));
};

/** Whether an image of the store has that name. */
export const isImageName = (dataDir: HostPath, text: string): boolean => {
  try {
    const reference = parseReference(text);
    return reference.kind === 'name' && findByName(openStore(dataDir), reference.name, reference.labels) !== undefined;
  } catch (error) {
    if (error instanceof RktError && error.code === 'RKT_IMAGE_REFERENCE_INVALID') return false;
    throw error;
  }
};

const isThere = (store: ImageStore, id: ImageId): boolean => existsSync(imageDirectory(store, id));

const storedImage = (store: ImageStore, selection: string): ImageId => {
  const reference = parseReference(selection);
  if (reference.kind === 'file') throw stage1ImageNotStored(selection);
  return findImage(store, reference, selection);
};
