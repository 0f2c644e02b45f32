import {CONTRACT_VERSION, type Flavor} from '../contract/flavor.ts';
import type {HostFacts} from '../contract/host.ts';
import type {Plan} from '../contract/plan.ts';
import type {Pod} from '../contract/pod.ts';
import {deepFreeze} from './deep-freeze.ts';
import {flavorFailed} from './errors.ts';
import type {FoundFlavor} from './find.ts';

/**
 * Asks the flavor for its three stages. What comes back is data and nothing else, but not yet known to be a plan.
 * @throws RKT_FLAVOR_FAILED
 */
export const draftPlan = (
  {flavor, digest}: Pick<FoundFlavor, 'flavor' | 'digest'>,
  pod: Pod,
  host: HostFacts,
): Plan => {
  deepFreeze(pod);
  deepFreeze(host);
  const {name, version} = flavor.declaration;
  const draft = {
    contract: CONTRACT_VERSION,
    pod: pod.uuid,
    flavor: {name, version, digest},
    filesystem: call(flavor, 'filesystem', pod, host),
    environment: call(flavor, 'environment', pod, host),
    launch: call(flavor, 'launch', pod, host),
  };
  return deepFreeze(JSON.parse(JSON.stringify(draft)) as Plan);
};

const call = (flavor: Flavor, hook: 'filesystem' | 'environment' | 'launch', pod: Pod, host: HostFacts): unknown => {
  try {
    return flavor[hook](pod, host);
  } catch (cause) {
    throw flavorFailed(flavor.declaration.name, hook, cause);
  }
};
