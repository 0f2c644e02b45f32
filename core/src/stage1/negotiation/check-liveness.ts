import type {Declaration} from '../../contract/declaration.ts';
import type {Plan} from '../../contract/plan.ts';
import type {Pod} from '../../contract/pod.ts';
import {flavorPlanInvalid} from '../errors.ts';

/**
 * Makes sure that what says of a pod that it runs is there once it does: without it the pod would look dead, and be taken away, while it runs.
 * @throws RKT_FLAVOR_PLAN_INVALID
 */
export const checkLiveness = (
  {name, liveness}: Pick<Declaration, 'name' | 'liveness'>,
  {filesystem, environment, launch}: Plan,
  {cgroup}: Pod,
): void => {
  if (liveness === 'lock') {
    if (launch.into === 'host' && launch.keepLock) return;
    throw flavorPlanInvalid(
      name,
      'launch',
      'the declaration has liveness "lock", and the program does not keep the lock',
    );
  }
  const joins = [...filesystem, ...environment].some(
    (step) => step.do === 'cgroup' && step.join && step.path === cgroup,
  );
  if (joins) return;
  throw flavorPlanInvalid(
    name,
    'environment',
    'the declaration has liveness "cgroup", and no step makes and joins the cgroup of the pod (podCgroup of @rkt/plugin-sdk)',
  );
};
