import {createHash} from 'node:crypto';
import {parseImageManifest} from '../../appc/parse-image-manifest.ts';
import type {HostPath, ImageId} from '../../contract/names.ts';
import {imageSignatureUnsupported} from '../../image/errors.ts';
import {findImage} from '../../image/find-image.ts';
import {hasImage} from '../../image/image-ids.ts';
import {imageManifestOf} from '../../image/manifest.ts';
import {openImageFile} from '../../image/open-image-file.ts';
import {readArchive} from '../../image/read-archive.ts';
import {parseReference} from '../../image/reference.ts';
import {type ImageStore, imageDirectory, openStore} from '../../image/store.ts';
import {createTarScanner} from '../../image/tar/scan.ts';
import {visitsOf} from '../../image/visits.ts';
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
  async (settings: Settings, request: PodRequest): Promise<PodImage[]> => {
    const store = openStore(settings.dataDir);
    const images: PodImage[] = [];
    for (const {image, signature} of await wantedImages(request)) {
      if (signature !== undefined) throw imageSignatureUnsupported(image, signature);
      const reference = parseReference(image);
      // Rendered trees are as closed as the files of images.
      if (reference.kind !== 'file') requireSight(`${command} ${image}`, store.trees, 'or give its file: ./IMAGE.aci');
      images.push(
        reference.kind === 'file'
          ? await inFile(store, image, reference.path)
          : inStore(store, findImage(store, reference, image)),
      );
    }
    return images;
  };

const inStore = (store: ImageStore, id: ImageId): PodImage => {
  const visits = visitsOf(store, id);
  const readable = [...new Set(visits.map((visit) => visit.id).reverse())].map((visit) => treeOf(store, visit));
  const rendered = visits.some(({whitelists}) => whitelists.length > 0);
  // Where the tree of a whitelist will be depends on what is in it.
  const layers = rendered ? [`${store.trees}/rendered-by-run` as HostPath] : readable;
  return {id, manifest: imageManifestOf(store, id), layers, tree: imageTree(readable)};
};

const treeOf = (store: ImageStore, id: ImageId): HostPath => `${imageDirectory(store, id)}/rootfs` as HostPath;

const inFile = async (store: ImageStore, text: string, path: HostPath): Promise<PodImage> => {
  using source = openImageFile(text, path);
  const archive = await readArchive(source);
  const seen = archiveTree();
  const scanner = createTarScanner(seen.hooks);
  const hash = createHash('sha512');
  for await (const chunk of archive.chunks) {
    scanner.push(chunk);
    hash.update(chunk);
    archive.checkRatio(scanner.count);
  }
  scanner.end();
  const id = `sha512-${hash.digest('hex')}` as ImageId; // TY-05
  if (hasImage(store, id)) return inStore(store, id);
  return {id, manifest: parseImageManifest(scanner.manifest), layers: [treeOf(store, id)], tree: seen.tree};
};
