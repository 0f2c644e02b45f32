import {RktError} from '../../rkt-error.ts';
import type {Settings} from '../../settings.ts';
import {findFlavor} from '../load/find.ts';
import {type ChosenFlavor, chooseFlavor} from './choose-flavor.ts';
import {flavorOptions} from './flavor-options.ts';

/**
 * The flavor that `--stage1` would mean, to be looked at: nothing is taken into the store, and one whose image has not been built here is there without it. The caller holds the images.
 * @throws RKT_FLAVOR_NOT_FOUND, RKT_STAGE1_IMAGE_INVALID, RKT_STAGE1_IMAGE_NOT_STORED, what loading it throws
 */
export const namedFlavor = async (settings: Settings, name: string): Promise<ChosenFlavor> => {
  try {
    return await chooseFlavor(settings, name, {pullPolicy: 'stored'});
  } catch (error) {
    // What it lacks then is for the flavor to say.
    if (!(error instanceof RktError) || error.code !== 'RKT_STAGE1_IMAGE_MISSING') throw error;
    return findFlavor(name, await flavorOptions(settings));
  }
};
