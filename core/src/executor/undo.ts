import type {HostPath} from '../contract/names.ts';
import type {Plan} from '../contract/plan.ts';
import {log} from '../debug.ts';
import {detachBelow} from '../linux/detach-below.ts';
import type {PerformContext} from './context.ts';
import * as cgroup from './steps/cgroup.ts';

const debug = log('executor');

/** The pod, its host, and where the pod's directory is now if it has been renamed since it ran. */
export interface UndoContext extends Pick<PerformContext, 'pod' | 'facts'> {
  readonly directory?: HostPath;
}

/**
 * Takes back what a plan, performed to the end or to any step, leaves on the host, so that the pod's directory can be removed. The kernel
 * itself ends namespaces and the mounts in them; what it leaves is undone in reverse order. May be repeated.
 */
export const undo = (plan: Pick<Plan, 'filesystem' | 'environment'>, context: UndoContext): void => {
  // After a failure this process is still in the pod's mount namespace, where the rootfs is in use.
  detachBelow(context.directory ?? context.pod.directory);
  for (const step of [...plan.filesystem, ...plan.environment].reverse()) {
    if (step.do !== 'cgroup') continue;
    debug('undo %s', step.id);
    cgroup.undo(step, context);
  }
};
