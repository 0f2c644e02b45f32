import type {ImageManifest} from '../../appc/image-manifest.ts';

/** Whether an image comes from docker, where a new volume begins with what the image has in its place. Whoever converts one notes this, as docker2aci did. */
export const fillsVolumes = ({annotations}: Pick<ImageManifest, 'annotations'>): boolean =>
  (annotations ?? []).some(({name}) => name === 'appc.io/docker/repository');
