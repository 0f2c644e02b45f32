import type {Uuid} from '../../contract/names.ts';
import {holdPresentImages, openStore} from '../../image/store.ts';
import type {Settings} from '../../settings.ts';
import type {Explanation} from '../compose/choose-for-pod.ts';
import {type ComposedPod, compose} from '../compose/compose.ts';
import {findImagesForPlan} from '../compose/find-images-for-plan.ts';
import type {PodRequest, RunRequest} from '../request.ts';

/** Takes the place of the random UUID, so that the same question gets the same answer. */
const PLAN_UUID = '00000000-0000-0000-0000-000000000000' as Uuid;

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
  return await compose(settings, request, run, PLAN_UUID, {
    find: findImagesForPlan(explain === undefined ? 'plan' : 'explain'),
    remember: false,
    ...(explain === undefined ? {} : {explain}),
  });
};
