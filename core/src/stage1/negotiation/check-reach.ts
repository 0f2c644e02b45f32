import type {Plan} from '../../contract/plan.ts';
import type {Pod, Volume} from '../../contract/pod.ts';
import type {Step} from '../../contract/step.ts';
import {flavorPlanInvalid} from '../errors.ts';

const goesUp = (path: string): boolean => path.split('/').includes('..');

/** What a host has until it is started again: programs that a launch starts may need a directory there. */
const RUN = '/run/';
type Reached = Pick<Pod, 'cgroup' | 'network' | 'stage1' | 'volumes'>;

const TOO_EARLY = 'before a step "namespace" has left the mounts of the host';

/**
 * Makes sure that no step works on the host itself: nothing of the executor would take that back. What a bind of a shared volume makes possible, the executor
 * refuses where it would happen, as only it sees where symlinks lead. A flavor is code that the operator trusts, and may still be mistaken.
 * @throws RKT_FLAVOR_PLAN_INVALID
 */
export const checkReach = ({flavor, filesystem, environment, launch}: Plan, pod: Reached): void => {
  let hasOwnMounts = false;
  for (const step of [...filesystem, ...environment]) {
    const problem = reachesOut(step, hasOwnMounts, pod);
    if (problem !== undefined) throw flavorPlanInvalid(flavor.name, step.id, problem);
    hasOwnMounts ||= step.do === 'namespace' && step.unshare.includes('mount');
  }
  if (launch.into === 'rootfs' && !hasOwnMounts)
    throw flavorPlanInvalid(flavor.name, 'launch', `it changes the root directory ${TOO_EARLY}`);
};

const reachesOut = (
  step: Step,
  hasOwnMounts: boolean,
  {cgroup, network, stage1, volumes}: Reached,
): string | undefined => {
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
      return hasOwnMounts ? leadsOut(step, volumes) : `it changes what is mounted ${TOO_EARLY}`;
    case 'disk-image':
    case 'host-tree':
    case 'keep-mounts':
    case 'mask':
    case 'mount':
    case 'overlay':
    case 'protect':
    case 'remount':
      return hasOwnMounts ? undefined : `it changes what is mounted ${TOO_EARLY}`;
    case 'template':
      if (step.tree !== stage1?.tree) return `it runs a program of ${step.tree}, which is not the pod's stage1 image`;
      return hasOwnMounts ? undefined : `it changes what is mounted ${TOO_EARLY}`;
    case 'cgroup':
      return step.path.startsWith(cgroup) && !goesUp(step.path)
        ? undefined
        : `it makes the cgroup ${step.path}, which is not the pod's, ${cgroup}`;
    case 'tap':
      return isPrepared(step, network)
        ? undefined
        : `it opens ${step.device} of ${step.namespace}, which nobody has prepared for the pod`;
    case 'check-program':
    case 'hostname':
    case 'id-map':
    case 'init':
    case 'namespace':
    case 'sysctl':
      return undefined;
    default:
      return step satisfies never;
  }
};

const isPrepared = ({namespace, device}: Extract<Step, {do: 'tap'}>, {prepared}: Pod['network']): boolean =>
  prepared?.namespace === namespace && prepared.interfaces.some(({tap}) => tap === device);

/** Through a bind that is not private mounts come in and, if it is shared, go out: only a volume asks for one. */
const leadsOut = (
  {source, propagation}: Extract<Step, {do: 'bind'}>,
  volumes: readonly Volume[],
): string | undefined => {
  if (propagation === undefined) return undefined;
  const isAsked = volumes.some(
    (volume) =>
      volume.kind === 'host' &&
      source.in === 'host' &&
      volume.source === source.path &&
      volume.propagation === propagation,
  );
  return isAsked ? undefined : `${source.path} is ${propagation} with the host, and no volume of the pod asks for that`;
};
