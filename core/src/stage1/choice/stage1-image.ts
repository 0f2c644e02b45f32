import {constants, readlinkSync} from 'node:fs';
import {relative} from 'node:path';
import {findAnnotation} from '../../appc/annotations.ts';
import {findLabel} from '../../appc/labels.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {HostPath, ImageId} from '../../contract/names.ts';
import type {Pod} from '../../contract/pod.ts';
import {type FetchOptions, fetchImage} from '../../image/fetch.ts';
import {findByName, findImage} from '../../image/find-image.ts';
import {hasImage} from '../../image/image-ids.ts';
import {layersOf} from '../../image/layers.ts';
import {imageManifestOf, manifestText} from '../../image/manifest.ts';
import {parseReference} from '../../image/reference.ts';
import {builtImage} from '../../image/stage1-images.ts';
import {type ImageStore, openStore} from '../../image/store.ts';
import {openStored} from '../../linux/open-stored.ts';
import {O_PATH} from '../../linux/openat2.ts';
import {findTreeProgram, hasDirectory} from '../../linux/tree-program.ts';
import {RktError} from '../../rkt-error.ts';
import type {Settings} from '../../settings.ts';
import {aciFlavor} from '../aci/aci-flavor.ts';
import {ENTRYPOINT, type Entrypoints, entrypointsOf} from '../aci/entrypoints.ts';
import {stage1ImageInvalid, stage1ImageNotStored} from '../errors.ts';
import {isExecutable} from '../load/executable-flavor.ts';
import {type FoundFlavor, findFlavor, loadFlavor} from '../load/find.ts';
import {findingsOf, missingOf} from '../negotiation/findings-of.ts';
import type {ChosenFlavor} from './choose-flavor.ts';

/** Annotation of an image by which it says for which flavor it has been made. */
export const STAGE1_FLAVOR = 'rkt/stage1/flavor';

/** By which it says that it is a flavor itself: the path of a program in it that speaks the contract. */
const STAGE1_PROGRAM = 'rkt/stage1/program';

const FLAVOR_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
/** They mean something to the loader of the image's programs. */
const LIBRARY_PATH_SPECIAL = /[:;$]/;

/**
 * The flavor that an image was made for, with the image; or the image itself, if it has a flavor in it, or was made for rkt. The caller holds the images.
 * @param pullPolicy `stored` takes none into the store
 * @throws RKT_STAGE1_IMAGE_INVALID, RKT_STAGE1_IMAGE_NOT_STORED, what `fetchImage` and `findFlavor` throw
 */
export const stage1Image = async (
  {dataDir, insecure, localConfig}: Pick<Settings, 'dataDir' | 'insecure' | 'localConfig'>,
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
  if (flavor === undefined) {
    const itself = await flavorOfItsOwn(store, {id, name, version}, localConfig, options);
    if (itself !== undefined) return itself;
    throw stage1ImageInvalid(id, name, `it has no annotation "${STAGE1_FLAVOR}", and ${NOT_ITSELF}`);
  }
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
  if (id === undefined || !hasImage(store, id)) return undefined;
  const {name, labels} = imageManifestOf(store, id);
  return withImage(store, found, {id, name, version: findLabel(labels, 'version')});
};

/** The image that is a flavor itself, and that a pod has been prepared with: it is what it was as long as it has its ID. */
export const pinnedImage = async (
  {dataDir, localConfig}: Pick<Settings, 'dataDir' | 'localConfig'>,
  id: ImageId,
  options: Parameters<typeof findFlavor>[1],
): Promise<ChosenFlavor> => {
  const store = openStore(dataDir);
  const {name, labels} = imageManifestOf(store, id);
  const found = await flavorOfItsOwn(store, {id, name, version: findLabel(labels, 'version')}, localConfig, options);
  if (found === undefined) throw stage1ImageInvalid(id, name, NOT_ITSELF);
  return found;
};

const NOT_ITSELF = `it has neither "${STAGE1_PROGRAM}" nor "${ENTRYPOINT}run"`;

const flavorOfItsOwn = async (
  store: ImageStore,
  image: Image,
  localConfig: HostPath,
  options: Parameters<typeof findFlavor>[1],
): Promise<ChosenFlavor | undefined> =>
  (await flavorIn(store, image, options)) ?? (await imageForRkt(store, image, localConfig));

/** A flavor that is a program in an image, with that image; `undefined` if it has none. */
const flavorIn = async (
  store: ImageStore,
  image: Image,
  options: Parameters<typeof findFlavor>[1],
): Promise<ChosenFlavor | undefined> => {
  const {id, name} = image;
  const path = findAnnotation(imageManifestOf(store, id).annotations, STAGE1_PROGRAM);
  if (path === undefined) return undefined;
  const refuse = (problem: string): never => {
    throw stage1ImageInvalid(id, name, `"${STAGE1_PROGRAM}" is ${JSON.stringify(path)}, ${problem}`);
  };
  const tree = await treeOf(store, id, name);
  using root = openStored(tree, O_PATH | constants.O_DIRECTORY);
  const program = path.startsWith('/') && !path.includes('\0') ? findTreeProgram(root, path) : undefined;
  if (program === undefined) return refuse('which is no program in it');
  // It runs where it sees itself and the programs of the host.
  if (program.interpreter !== undefined)
    return refuse('which needs libraries of the image: it has to be static, or a script');
  if (!isExecutable(program.path)) return refuse('a module of JavaScript: in an image a flavor is a program');
  const {flavor} = await loadFlavor(program.path, options);
  return {flavor, digest: id, source: id, stage1: {image: describe(image), tree}};
};

/** Where the image's files are, with those of what it depends on. */
const treeOf = async (store: ImageStore, id: ImageId, name: string): Promise<HostPath> => {
  requireIds(store, id, (dependency) => {
    throw stage1ImageInvalid(
      id,
      name,
      `it depends on ${dependency} by name: a stage1 names what it depends on by "imageID"`,
    );
  });
  const [tree = store.images] = await layersOf(store, id, {flat: true});
  return tree;
};

/** Who has an app of that name fetched does not come into what is root of the host. */
const requireIds = (
  store: ImageStore,
  id: ImageId,
  refuse: (name: string) => never,
  seen = new Set<string>(),
): void => {
  if (seen.has(id) || !hasImage(store, id)) return;
  seen.add(id);
  for (const {imageName, imageID} of imageManifestOf(store, id).dependencies ?? []) {
    if (imageID == null) refuse(imageName);
    else requireIds(store, imageID, refuse, seen);
  }
};

interface Image {
  readonly id: ImageId;
  readonly name: string;
  readonly version: string | undefined;
}

const describe = ({id, name, version}: Image): NonNullable<Pod['stage1']>['image'] => ({
  id,
  name: version === undefined ? name : `${name}:${version}`,
});

/** An image with entrypoints, as a flavor; `undefined` if it has none. */
const imageForRkt = async (
  store: ImageStore,
  image: Image,
  localConfig: HostPath,
): Promise<ChosenFlavor | undefined> => {
  const {id, name} = image;
  const refuse = (problem: string): never => {
    throw stage1ImageInvalid(id, name, problem);
  };
  const typed = entrypointsOf(imageManifestOf(store, id).annotations, refuse);
  if (typed === undefined) return undefined;
  const tree = await treeOf(store, id, name);
  const entrypoints = inTree(tree, typed, refuse);
  const flavor = aciFlavor({entrypoints, manifest: manifestText(store, id), tree, localConfig});
  return {flavor, digest: id, source: id, entrypoints, stage1: {image: describe(image), tree}};
};

/** The files that entrypoints are: a symlink of the image leads to no other program of the host. */
const inTree = (tree: HostPath, entrypoints: Entrypoints, refuse: (problem: string) => never): Entrypoints => {
  using root = openStored(tree, O_PATH | constants.O_DIRECTORY);
  const base = readlinkSync(root.path);
  const find = (name: string, path: string): string => {
    const found = findTreeProgram(root, `/${path}`)?.path;
    if (found === undefined) return refuse(`its entrypoint ${ENTRYPOINT}${name}, /${path}, is no program in it`);
    return relative(base, found);
  };
  const {version, ...paths} = entrypoints;
  const found = Object.entries(paths).map(([name, path]) => [name, find(name, path)] as const);
  return {version, ...Object.fromEntries(found)} as Entrypoints; // the same names
};

const withImage = async (store: ImageStore, found: FoundFlavor, described: Image): Promise<ChosenFlavor> => {
  const {id, name} = described;
  const {name: flavor, stage1Image: needs} = found.flavor.declaration;
  if (needs === undefined) throw stage1ImageInvalid(id, name, `the flavor "${flavor}" takes no image`);
  const tree = await treeOf(store, id, name);
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
  return {...found, stage1: {image: describe(described), tree}};
};

/** @throws RKT_STAGE1_IMAGE_INVALID if the flavor cannot run with the image's programs on this host */
export const checkPrograms = ({flavor, stage1}: ChosenFlavor, facts: HostFacts): void => {
  if (stage1 === undefined) return;
  const missing = missingOf(findingsOf(flavor, facts));
  if (missing.length === 0) return;
  const {id, name} = stage1.image;
  // Of a flavor that can run without an image it is what helps the host.
  const fixes = flavor.declaration.stage1Image?.required ? missing.flatMap(({fix = []}) => fix) : [];
  throw stage1ImageInvalid(id, name, missing.map(({what}) => what).join('; '), fixes.join('; ') || undefined);
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

const storedImage = (store: ImageStore, selection: string): ImageId => {
  const reference = parseReference(selection);
  if (reference.kind === 'file') throw stage1ImageNotStored(selection);
  return findImage(store, reference, selection);
};
