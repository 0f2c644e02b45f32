import {holdPresentImages, openStore} from '../../image/store.ts';
import type {Settings} from '../../settings.ts';
import type {Explanation} from '../compose/choose-for-pod.ts';
import {type ComposedPod, compose} from '../compose/compose.ts';
import {findImagesForPlan} from '../compose/find-images-for-plan.ts';
import type {PodRequest, RunRequest} from '../request.ts';
import {NO_POD} from '../state/uuid.ts';

/**
 * What `run` would do. Changes nothing and needs no rights but to read.
 * @param explain told how the flavor was chosen, also of a pod that is then refused
 */
export const planRun = async (
  settings: Settings,
  request: PodRequest,
  run: RunRequest,
  explain?: (explanation: Explanation) => void,
): Promise<ComposedPod> => {
  using _images = holdPresentImages(openStore(settings.dataDir));
  return await compose(settings, request, run, NO_POD, {
    find: findImagesForPlan(explain === undefined ? 'plan' : 'explain'),
    remember: false,
    ...(explain === undefined ? {} : {explain}),
  });
};
