import type {HostFacts} from '../../src/contract/host.ts';
import type {Plan} from '../../src/contract/plan.ts';
import type {Pod} from '../../src/contract/pod.ts';
import type {FoundFlavor} from '../../src/stage1/load/find.ts';
import {checkPlan} from '../../src/stage1/negotiation/check-plan.ts';
import {draftPlan} from '../../src/stage1/negotiation/draft-plan.ts';

/**
 * Asks the flavor for its three stages and checks what comes back. Nothing has happened yet when it returns.
 * @throws RKT_FLAVOR_FAILED, RKT_FLAVOR_PLAN_INVALID
 */
export const makePlan = (found: Pick<FoundFlavor, 'flavor' | 'digest'>, pod: Pod, host: HostFacts): Plan => {
  const draft = draftPlan(found, pod, host);
  checkPlan(draft, pod);
  return draft;
};
