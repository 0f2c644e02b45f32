import type {HostFacts} from '../../contract/host.ts';
import type {Plan} from '../../contract/plan.ts';
import {flavorPlanInvalid} from '../errors.ts';

/**
 * Makes sure that it can be told who is in a pod: without a cgroup, a pid namespace alone says so, which what is launched into a rootfs can have.
 * @throws RKT_FLAVOR_PLAN_INVALID
 */
export const checkPids = (
  {flavor: {name}, filesystem, environment, launch}: Pick<Plan, 'flavor' | 'filesystem' | 'environment' | 'launch'>,
  {rootless, cgroup}: Pick<HostFacts, 'rootless' | 'cgroup'>,
): void => {
  const step = [...filesystem, ...environment].find((each) => each.do === 'namespace' && each.unshare.includes('pid'));
  if (step !== undefined && launch.into !== 'rootfs')
    throw flavorPlanInvalid(name, step.id, 'a pid namespace is for what is launched into a rootfs');
  if (step === undefined && rootless !== undefined && cgroup.mode === 'none')
    throw flavorPlanInvalid(
      name,
      'filesystem',
      'an ordinary user has no cgroups, and it gives the pod no pid namespace',
    );
};
