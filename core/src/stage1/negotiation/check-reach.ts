import type {Plan} from '../../contract/plan.ts';
import type {Pod} from '../../contract/pod.ts';
import type {Step} from '../../contract/step.ts';
import {flavorPlanInvalid} from '../errors.ts';

const goesUp = (path: string): boolean => path.split('/').includes('..');

/** What a host has until it is started again: programs that a launch starts may need a directory there. */
const RUN = '/run/';
const TOO_EARLY = 'before a step "namespace" has left the mounts of the host';

/**
 * Makes sure that no step works on the host itself: nothing of the executor would take that back. A flavor is code that the operator trusts, and may still be mistaken.
 * @throws RKT_FLAVOR_PLAN_INVALID
 */
export const checkReach = ({flavor, filesystem, environment, launch}: Plan, {cgroup}: Pick<Pod, 'cgroup'>): void => {
  let hasOwnMounts = false;
  for (const step of [...filesystem, ...environment]) {
    const problem = reachesOut(step, hasOwnMounts, cgroup);
    if (problem !== undefined) throw flavorPlanInvalid(flavor.name, step.id, problem);
    hasOwnMounts ||= step.do === 'namespace' && step.unshare.includes('mount');
  }
  if (launch.into === 'rootfs' && !hasOwnMounts)
    throw flavorPlanInvalid(flavor.name, 'launch', `it changes the root directory ${TOO_EARLY}`);
};

const reachesOut = (step: Step, hasOwnMounts: boolean, cgroup: string): string | undefined => {
  switch (step.do) {
    case 'device':
    case 'symlink':
    case 'write':
      return step.target.in === 'host' ? `it makes ${step.target.path} on the host` : undefined;
    case 'mkdir':
      return step.target.in === 'host' && (!step.target.path.startsWith(RUN) || goesUp(step.target.path))
        ? `it makes ${step.target.path} on the host, where only directories below /run can be made`
        : undefined;
    case 'bind':
    case 'disk-image':
    case 'host-tree':
    case 'keep-mounts':
    case 'mask':
    case 'mount':
    case 'overlay':
    case 'protect':
    case 'remount':
    case 'template':
      return hasOwnMounts ? undefined : `it changes what is mounted ${TOO_EARLY}`;
    case 'cgroup':
      return step.path.startsWith(cgroup) && !goesUp(step.path)
        ? undefined
        : `it makes the cgroup ${step.path}, which is not the pod's, ${cgroup}`;
    case 'check-program':
    case 'hostname':
    case 'id-map':
    case 'namespace':
    case 'sysctl':
      return undefined;
    default:
      return step satisfies never;
  }
};
