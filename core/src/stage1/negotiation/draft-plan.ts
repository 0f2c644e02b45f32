import {CONTRACT_VERSION} from '../../contract/flavor.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {Plan} from '../../contract/plan.ts';
import type {Pod} from '../../contract/pod.ts';
import {deepFreeze} from '../deep-freeze.ts';
import {flavorFailed} from '../errors.ts';
import type {FoundFlavor} from '../load/find.ts';
import {plainSteps} from '../load/plain-steps.ts';

/**
 * Asks the flavor for its three stages. What comes back is data and nothing else, but not yet known to be a plan.
 * @throws RKT_FLAVOR_FAILED, RKT_FLAVOR_TIMED_OUT, RKT_FLAVOR_PLAN_TOO_LARGE
 */
export const draftPlan = (
  {flavor, digest}: Pick<FoundFlavor, 'flavor' | 'digest'>,
  pod: Pod,
  host: HostFacts,
): Plan => {
  deepFreeze(pod);
  deepFreeze(host);
  const {name, version} = flavor.declaration;
  const {plain, plainList} = plainSteps(name);
  const call = <T>(hook: 'filesystem' | 'environment' | 'launch', toData: (where: string, value: unknown) => T): T => {
    try {
      return toData(`.${hook}`, flavor[hook](pod, host));
    } catch (cause) {
      throw flavorFailed(name, hook, cause);
    }
  };
  const draft = {
    contract: CONTRACT_VERSION,
    pod: pod.uuid,
    flavor: {name, version, digest},
    filesystem: call('filesystem', plainList),
    environment: call('environment', plainList),
    launch: call('launch', plain),
  };
  return deepFreeze(draft as Plan);
};
