import {fetchImage} from '../../image/fetch.ts';
import {parseReference} from '../../image/reference.ts';
import {openStore} from '../../image/store.ts';
import {isReadOnce} from '../../linux/read-once.ts';
import type {Settings} from '../../settings.ts';
import type {PodRequest, PreparedRequest} from '../request.ts';

/**
 * Takes the images of a request into the store that come out of something else than a regular file, a fifo for one: it can take for ever until they are
 * whole, and nobody may hold the images meanwhile. The request names them by ID then.
 */
export const takeStreams = async ({dataDir, insecure}: Settings, request: PodRequest): Promise<PodRequest> => {
  const {pullPolicy, apps, stage1} = request;
  const take = async (image: string, signature?: PodRequest['apps'][number]['signature']): Promise<string> =>
    fetchImage(openStore(dataDir), image, {pullPolicy, insecure, signature});
  if (!apps.some(({image}) => isStream(image)) && !(stage1 !== undefined && isStream(stage1))) return request;
  const taken: PodRequest['apps'][number][] = [];
  for (const app of apps) {
    const {signature, ...rest} = app;
    taken.push(isStream(app.image) ? {...rest, image: await take(app.image, signature)} : app);
  }
  return {
    ...request,
    readOnce: true,
    apps: taken,
    ...(stage1 !== undefined && isStream(stage1) ? {stage1: await take(stage1)} : {}),
  };
};

/** {@link takeStreams}, of the flavor that a prepared pod is to have. */
export const takeStream = async (
  {dataDir, insecure}: Settings,
  {stage1, ...rest}: PreparedRequest,
): Promise<PreparedRequest> => {
  if (stage1 === undefined || !isStream(stage1)) return {...rest, ...(stage1 === undefined ? {} : {stage1})};
  return {...rest, readOnce: true, stage1: await fetchImage(openStore(dataDir), stage1, {pullPolicy: 'new', insecure})};
};

const isStream = (image: string): boolean => {
  if (!/^(\.{0,2}\/|file:)|\.aci$/.test(image)) return false;
  const reference = parseReference(image);
  if (reference.kind !== 'file') return false;
  return isReadOnce(reference.path);
};
