import {cgroupPath} from '../../linux/cgroup-paths.ts';
import {createCgroup, giveCgroup} from '../../linux/create-cgroup.ts';
import {DEVICES, setDevicePolicy} from '../../linux/device-policy.ts';
import {joinCgroup, leaveCgroup, moveInto, startToJoinCgroup} from '../../linux/join-cgroup.ts';
import {removeCgroup} from '../../linux/remove-cgroup.ts';
import {areHandedDown, setLimits} from '../../linux/set-cgroup-limits.ts';
import {usedHierarchies} from '../../linux/used-hierarchies.ts';
import type {StepContext} from '../context.ts';
import {stepFailed} from '../errors.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/**
 * Gives the pod a cgroup in every hierarchy that it uses. This process joins it before the limits are set, because a v2 cgroup hands no controllers down while there are processes beside it. If there is nothing
 * to hand down, the step does not wait for that: `joined` of {@link Made} tells when it is done.
 */
export const perform = (step: StepOf<'cgroup'>, context: StepContext): Notes => {
  const {path, limits, join, controllers = [], devices, owner} = step;
  const {cgroup} = context.facts;
  const target = cgroupPath(cgroup, path);
  const used = {hierarchies: usedHierarchies(cgroup, limits, [...controllers, ...deviceControllers(step, context)])};
  createCgroup(used, target);
  if (devices !== undefined) setDevicePolicy(cgroup, target, devices);
  if (owner !== undefined) giveCgroup(used, target, owner);
  const waits = Object.keys(limits).length > 0 || areHandedDown(cgroup, controllers);
  const first = join ? context.made.firstProcess : undefined;
  if (first !== undefined) moveInto(used, target, first.identity.pid);
  if (join && !waits) {
    context.made.joined = startToJoin(step, used, target);
    // Who waits gets the error; until then nobody has missed it.
    context.made.joined.catch(() => {});
  } else if (join) joinCgroup(used, target);
  setLimits(cgroup, target, limits, controllers);
  return NOTHING;
};

const deviceControllers = ({devices}: StepOf<'cgroup'>, {facts: {cgroup}}: StepContext): string[] =>
  devices !== undefined && cgroup.devicePolicy === 'controller' ? [DEVICES] : [];

const startToJoin = async (step: StepOf<'cgroup'>, ...target: Parameters<typeof startToJoinCgroup>): Promise<void> => {
  try {
    await startToJoinCgroup(...target);
  } catch (error) {
    throw stepFailed(step, error);
  }
};

/** Takes this process out, if it is in, and removes the cgroup. */
export const undo = ({path}: StepOf<'cgroup'>, {facts: {cgroup}}: Pick<StepContext, 'facts'>): void => {
  const target = cgroupPath(cgroup, path);
  leaveCgroup(cgroup, target);
  removeCgroup(cgroup, target);
};
