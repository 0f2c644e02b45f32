import type {HostFacts} from '../contract/host.ts';
import type {Plan} from '../contract/plan.ts';
import type {Pod} from '../contract/pod.ts';
import {checkPlan} from './check-plan.ts';
import {draftPlan} from './draft-plan.ts';
import type {FoundFlavor} from './find.ts';

/**
 * Asks the flavor for its three stages and checks what comes back. Nothing has happened yet when it returns.
 * @throws RKT_FLAVOR_FAILED, RKT_FLAVOR_PLAN_INVALID
 */
export const makePlan = (found: Pick<FoundFlavor, 'flavor' | 'digest'>, pod: Pod, host: HostFacts): Plan => {
  const draft = draftPlan(found, pod, host);
  checkPlan(draft);
  return draft;
};
