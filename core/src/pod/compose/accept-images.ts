import {acceptedOf} from '../../config/config.ts';
import {loadConfig} from '../../config/load.ts';
import type {Settings} from '../../settings.ts';
import {imageIsolatorRefused} from '../errors.ts';
import type {PodRequest} from '../request.ts';
import type {ImageIsolator} from './asked-by-image.ts';

/**
 * Refuses images that ask for more than the defaults, unless the operator accepts each isolator by a flag or in the configuration (S31).
 * @param asked of the apps of the request, in order
 * @throws RKT_IMAGE_ISOLATOR_REFUSED
 */
export const acceptImages = async (
  context: Settings,
  request: Pick<PodRequest, 'apps' | 'acceptImage'>,
  asked: readonly (readonly ImageIsolator[])[],
): Promise<void> => {
  const refused = asked.flatMap((isolators, index) => {
    const accepted = [...request.acceptImage, ...(request.apps[index]?.acceptImage ?? [])];
    return isolators.filter(({name, widens}) => widens.length > 0 && !accepted.includes(name));
  });
  if (refused.length === 0) return;
  const {image} = await loadConfig(context, ['image']);
  const left = refused.filter((isolator) => !acceptedOf(image, isolator.image).has(isolator.name));
  if (left.length > 0) throw imageIsolatorRefused(left);
};
