import * as z from 'zod/mini';
import {CONTRACT_VERSION, type Flavor} from '../contract/flavor.ts';
import type {HostFacts} from '../contract/host.ts';
import {type Plan, plan as planSchema} from '../contract/plan.ts';
import type {Pod} from '../contract/pod.ts';
import {pathOf} from './check-flavor.ts';
import {deepFreeze} from './deep-freeze.ts';
import {flavorFailed, flavorPlanInvalid} from './errors.ts';
import type {FoundFlavor} from './find.ts';

/**
 * Asks the flavor for its three stages and checks what comes back. Nothing has happened yet when it returns.
 * @throws RKT_FLAVOR_FAILED, RKT_FLAVOR_PLAN_INVALID
 */
export const makePlan = ({flavor, digest}: FoundFlavor, pod: Pod, host: HostFacts): Plan => {
  deepFreeze(pod);
  deepFreeze(host);
  const {name, version} = flavor.declaration;
  const candidate = {
    contract: CONTRACT_VERSION,
    pod: pod.uuid,
    flavor: {name, version, digest},
    filesystem: call(flavor, 'filesystem', pod, host),
    environment: call(flavor, 'environment', pod, host),
    launch: call(flavor, 'launch', pod, host),
  };
  const result = z.safeParse(planSchema, candidate);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw flavorPlanInvalid(name, pathOf(issue?.path ?? []), issue?.message ?? 'is invalid');
  }
  checkIds(name, result.data);
  return deepFreeze(result.data);
};

const call = (flavor: Flavor, hook: 'filesystem' | 'environment' | 'launch', pod: Pod, host: HostFacts): unknown => {
  try {
    return flavor[hook](pod, host);
  } catch (cause) {
    throw flavorFailed(flavor.declaration.name, hook, cause);
  }
};

const checkIds = (flavor: string, {filesystem, environment}: Plan): void => {
  const seen = new Set<string>();
  for (const {id} of [...filesystem, ...environment]) {
    if (seen.has(id)) throw flavorPlanInvalid(flavor, id, 'two steps have this id');
    seen.add(id);
  }
};
