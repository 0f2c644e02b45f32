import {parseImageManifest} from '../../appc/parse-image-manifest.ts';
import type {HostPath, ImageId} from '../../contract/names.ts';
import {imageSignatureUnsupported} from '../../image/errors.ts';
import {findImage} from '../../image/find-image.ts';
import {hasImage} from '../../image/image-ids.ts';
import {readInfo} from '../../image/info.ts';
import {distinct, isShared} from '../../image/layers.ts';
import {imageManifestOf} from '../../image/manifest.ts';
import {openImageFile} from '../../image/open-image-file.ts';
import {readArchive} from '../../image/read-archive.ts';
import {parseReference} from '../../image/reference.ts';
import {type ImageStore, imageDirectory, openStore} from '../../image/store.ts';
import {createTarScanner} from '../../image/tar/scan.ts';
import {type Visit, visitsOf} from '../../image/visits.ts';
import type {Settings} from '../../settings.ts';
import type {PodRequest} from '../request.ts';
import {requireSight} from '../state/require-sight.ts';
import {archiveTree} from './archive-tree.ts';
import {type PodImage, wantedImages} from './find-images.ts';
import {imageTree} from './image-tree.ts';

/**
 * The images of a pod as `run` would find them, without taking any into the store: a file is only read.
 * @param command what its caller has typed, for the error of one who may not look into the store
 */
export const findImagesForPlan =
  (command: 'plan' | 'explain') =>
  async (settings: Settings, request: PodRequest, flat: boolean): Promise<PodImage[]> => {
    const store = openStore(settings.dataDir);
    const images: PodImage[] = [];
    for (const {image, signature} of await wantedImages(request)) {
      if (signature !== undefined) throw imageSignatureUnsupported(image, signature);
      const reference = parseReference(image);
      // Rendered trees are as closed as the files of images.
      const needStore = (instead?: string) => requireSight(`${command} ${image}`, store.trees, instead);
      if (reference.kind === 'file') images.push(await inFile(store, image, reference.path, flat, needStore));
      else {
        needStore('or give its file: ./IMAGE.aci');
        images.push(inStore(store, findImage(store, reference, image), flat));
      }
    }
    return images;
  };

const inStore = (store: ImageStore, id: ImageId, flat: boolean): PodImage => {
  const visits = visitsOf(store, id);
  const isImplicit = (image: ImageId) => readInfo(store, image).implicitDirectories;
  return {
    id,
    manifest: imageManifestOf(store, id),
    layers: layersFor(store, visits, {flat, isImplicit}),
    tree: imageTree(treesOf(store, visits)),
  };
};

/** Where the tree will be of an image that has one of its own depends on what is in it. */
const layersFor = (store: ImageStore, visits: readonly Visit[], how: Parameters<typeof isShared>[1]): HostPath[] =>
  isShared(visits, how) ? treesOf(store, visits) : [`${store.trees}/rendered-by-run` as HostPath];

/** Uppermost first. */
const treesOf = (store: ImageStore, visits: readonly Visit[]): HostPath[] =>
  distinct(visits).map((id) => `${imageDirectory(store, id)}/rootfs` as HostPath);

const inFile = async (
  store: ImageStore,
  text: string,
  path: HostPath,
  flat: boolean,
  needStore: () => void,
): Promise<PodImage> => {
  using source = openImageFile(text, path);
  const archive = await readArchive(source);
  const seen = archiveTree();
  const scanner = createTarScanner(seen.hooks);
  // Loaded when needed: most images are in the store.
  const hash = process.getBuiltinModule('node:crypto').createHash('sha512');
  for await (const chunk of archive.chunks) {
    scanner.push(chunk);
    hash.update(chunk);
    archive.checkRatio(scanner.count);
  }
  scanner.end();
  const id = `sha512-${hash.digest('hex')}` as ImageId; // TY-05
  if (hasImage(store, id)) return inStore(store, id, flat);
  const manifest = parseImageManifest(scanner.manifest);
  if ((manifest.dependencies ?? []).length > 0) needStore();
  const visits = visitsOf(store, {id, manifest});
  const isImplicit = (image: ImageId) => (image === id ? scanner.implicit : readInfo(store, image).implicitDirectories);
  const [, ...lower] = treesOf(store, visits);
  return {id, manifest, layers: layersFor(store, visits, {flat, isImplicit}), tree: seen.over(lower)};
};
