import {hasImage, isImageId} from '../../image/image-ids.ts';
import {parseReference} from '../../image/reference.ts';
import type {ImageStore} from '../../image/store.ts';
import {meansImage} from '../../stage1/choice/means-image.ts';
import type {PodRequest, PreparedRequest} from '../request.ts';

/*
 * A process that begins anew on a terminal of its own has the images that it found before: what reads them again takes as long again, and may find others.
 */

/** How the word begins that tells of the flavor's image: a stage1 image is root of the host, and never one that was found for an app (S31). */
const STAGE1 = 'stage1=';

/**
 * The words to hand on: the IDs of the images of the apps, in order (none for a pod manifest, which names them itself), and `stage1=ID` if the flavor's
 * image was given as a file.
 */
export const foundImages = (
  {stage1, manifest}: Pick<PodRequest, 'stage1' | 'manifest'>,
  images: readonly {readonly id: string}[],
  flavor: {readonly image: {readonly id: string}} | undefined,
): string[] => [
  ...(manifest === undefined ? images.map(({id}) => id) : []),
  ...(flavor !== undefined && stage1 !== undefined && isFile(stage1) ? [`${STAGE1}${flavor.image.id}`] : []),
];

/** The request for what was found. What has been removed since is looked for as it was asked for. */
export const asFound = <R extends PodRequest | PreparedRequest>(
  request: R,
  found: readonly string[],
  store: ImageStore,
): R => {
  const taken = (asked: string, id: string | undefined): string =>
    id !== undefined && isImageId(id) && hasImage(store, id) ? id : asked;
  const {stage1} = request;
  const flavor = found.find((word) => word.startsWith(STAGE1))?.slice(STAGE1.length);
  return {
    ...request,
    ...('apps' in request
      ? {apps: request.apps.map((app, index) => ({...app, image: taken(app.image, found[index])}))}
      : {}),
    ...(stage1 !== undefined && isFile(stage1) ? {stage1: taken(stage1, flavor)} : {}),
  };
};

const isFile = (selection: string): boolean =>
  meansImage(selection) === 'always' && parseReference(selection).kind === 'file';
