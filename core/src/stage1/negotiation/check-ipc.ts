import type {Declaration} from '../../contract/declaration.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {Plan} from '../../contract/plan.ts';
import type {Pod} from '../../contract/pod.ts';
import {flavorPlanInvalid} from '../errors.ts';
import {unmet} from './host-can.ts';

/**
 * Makes sure that a pod of an ordinary user has what rules take it to have (`policy/holds.ts`): an ipc namespace of its own, where its flavor can give one, and unless it asks for the host's.
 * @throws RKT_FLAVOR_PLAN_INVALID
 */
export const checkIpc = (
  {name, features}: Pick<Declaration, 'name' | 'features'>,
  {filesystem, environment, launch}: Pick<Plan, 'filesystem' | 'environment' | 'launch'>,
  {ipc}: Pick<Pod, 'ipc'>,
  host: HostFacts,
): void => {
  if (host.rootless === undefined || ipc === 'host' || launch.into !== 'rootfs') return;
  const support = features['ipc/private'];
  if (support.level !== 'enforced' && support.level !== 'equivalent') return;
  if ((support.requires ?? []).some((requirement) => unmet(requirement, host) !== undefined)) return;
  const has = [...filesystem, ...environment].some((step) => step.do === 'namespace' && step.unshare.includes('ipc'));
  if (!has)
    throw flavorPlanInvalid(
      name,
      'filesystem',
      'the declaration has the feature "ipc/private", and a pod of an ordinary user gets no ipc namespace',
    );
};
