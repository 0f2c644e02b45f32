import {hasImage, isImageId} from '../../image/image-ids.ts';
import {parseReference} from '../../image/reference.ts';
import type {ImageStore} from '../../image/store.ts';
import {meansImage} from '../../stage1/choice/means-image.ts';
import type {PodRequest, PreparedRequest} from '../request.ts';

/*
 * A process that begins anew on a terminal of its own has the images that it found before: what reads them again takes as long again, and may find others.
 */

/** The IDs that are to be handed on: of the apps' images as they have been found, and of that of the flavor if it was asked for as a file. */
export const foundImages = (
  {stage1}: Pick<PodRequest, 'stage1'>,
  images: readonly {readonly id: string}[],
  flavor: {readonly image: {readonly id: string}} | undefined,
): string[] => [
  ...images.map(({id}) => id),
  ...(flavor !== undefined && stage1 !== undefined && isFile(stage1) ? [flavor.image.id] : []),
];

/** The request for what was found. What has been removed since is looked for as it was asked for. */
export const asFound = <R extends PodRequest | PreparedRequest>(
  request: R,
  found: readonly string[],
  store: ImageStore,
): R => {
  const apps = 'apps' in request ? request.apps : [];
  const taken = (asked: string, id: string | undefined): string =>
    id !== undefined && isImageId(id) && hasImage(store, id) ? id : asked;
  const {stage1} = request;
  return {
    ...request,
    ...('apps' in request ? {apps: apps.map((app, index) => ({...app, image: taken(app.image, found[index])}))} : {}),
    ...(stage1 !== undefined && isFile(stage1) ? {stage1: taken(stage1, found[apps.length])} : {}),
  };
};

const isFile = (selection: string): boolean =>
  meansImage(selection) === 'always' && parseReference(selection).kind === 'file';
