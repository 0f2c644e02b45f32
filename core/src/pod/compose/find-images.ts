import {readPodManifest} from '../../appc/read-manifest.ts';
import type {HostPath} from '../../contract/names.ts';
import {fetchImage} from '../../image/fetch.ts';
import {layersOf} from '../../image/layers.ts';
import {imageManifestOf} from '../../image/manifest.ts';
import {type ImageStore, openStore} from '../../image/store.ts';
import type {Settings} from '../../settings.ts';
import type {PodRequest} from '../request.ts';
import type {ImageTree} from './image-tree.ts';
import type {ResolvedImage} from './reify.ts';

/** An image of the store, ready to be used by an app. */
export interface PodImage extends ResolvedImage {
  /** Trees of the store, uppermost first. */
  readonly layers: readonly HostPath[];
  /** How to look into them, if they are not there yet. */
  readonly tree?: ImageTree;
}

interface Wanted {
  readonly image: string;
  readonly signature?: HostPath;
}

/** What each app of a request wants; a manifest names its images by ID. */
export const wantedImages = async (request: PodRequest): Promise<readonly Wanted[]> =>
  request.manifest === undefined
    ? request.apps
    : (await readPodManifest(Buffer.from(request.manifest))).apps.map(({image}) => ({image: image.id}));

/**
 * The images of a pod's apps, taken into the store if they are not there. The caller holds the store.
 * @param flat each as one tree, for those who copy it
 */
export const findImages = async (settings: Settings, request: PodRequest, flat: boolean): Promise<PodImage[]> => {
  const store = openStore(settings.dataDir);
  const images: PodImage[] = [];
  for (const {image, signature} of await wantedImages(request)) {
    const {insecure} = settings;
    const id = await fetchImage(store, image, {pullPolicy: request.pullPolicy, insecure, signature});
    images.push(await podImage(store, id, flat));
  }
  return images;
};

const podImage = async (store: ImageStore, id: PodImage['id'], flat: boolean): Promise<PodImage> => ({
  id,
  manifest: imageManifestOf(store, id),
  layers: await layersOf(store, id, {flat}),
});
