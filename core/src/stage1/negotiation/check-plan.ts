import * as z from 'zod/mini';
import {type Plan, plan as planSchema} from '../../contract/plan.ts';
import type {Pod} from '../../contract/pod.ts';
import {flavorPlanInvalid} from '../errors.ts';
import {pathOf} from '../path-of.ts';
import {checkReach} from './check-reach.ts';

/**
 * Makes sure that what a flavor made is a plan that the executor knows, and that stays with the pod.
 * @throws RKT_FLAVOR_PLAN_INVALID
 */
export const checkPlan = (draft: Plan, pod: Pick<Pod, 'cgroup' | 'network' | 'stage1' | 'volumes'>): void => {
  const {name} = draft.flavor;
  const result = z.safeParse(planSchema, draft);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw flavorPlanInvalid(name, pathOf(issue?.path ?? []), issue?.message ?? 'is invalid');
  }
  const seen = new Set<string>();
  for (const {id} of [...draft.filesystem, ...draft.environment]) {
    if (seen.has(id)) throw flavorPlanInvalid(name, id, 'two steps have this id');
    seen.add(id);
  }
  checkReach(draft, pod);
};
