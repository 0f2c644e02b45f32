import {RktError} from '../../rkt-error.ts';
import type {Settings} from '../../settings.ts';
import {readMeasuredCosts} from '../../stage1/choice/measured-costs.ts';
import type {FlavorPlan} from '../compose/diff-aspects.ts';
import {imageIsolatorRefused} from '../errors.ts';
import type {PodRequest, RunRequest} from '../request.ts';
import {planRun} from './plan-run.ts';

/**
 * What `run` would do with each of several flavors. Changes nothing.
 * @throws RKT_FLAVOR_NOT_FOUND for any; what is wrong if no flavor can run the pod
 */
export const planWith = async (
  settings: Settings,
  request: PodRequest,
  run: RunRequest,
  flavors: readonly string[],
): Promise<FlavorPlan[]> => {
  const plans: FlavorPlan[] = [];
  const errors: RktError[] = [];
  for (const flavor of flavors) {
    try {
      const composed = await planRun(settings, {...request, stage1: flavor}, run);
      if (composed.refused.length > 0) throw imageIsolatorRefused(composed.refused);
      const measured = readMeasuredCosts(settings.dataDir, composed.found.flavor.declaration.name);
      plans.push({flavor, composed, ...(measured === undefined ? {} : {measured})});
    } catch (error) {
      if (!(error instanceof RktError) || error.code === 'RKT_FLAVOR_NOT_FOUND') throw error;
      errors.push(error);
      const {code, message, hint} = error;
      plans.push({flavor, refused: {code, message, ...(hint === undefined ? {} : {hint})}});
    }
  }
  const [first] = errors;
  if (first !== undefined && errors.length === flavors.length) throw first;
  return plans;
};
