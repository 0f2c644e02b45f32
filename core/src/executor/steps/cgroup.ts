import {
  cgroupPath,
  createCgroup,
  joinCgroup,
  leaveCgroup,
  removeCgroup,
  setLimits,
  usedHierarchies,
} from '../../linux/cgroups.ts';
import type {StepContext} from '../context.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** Gives the pod a cgroup in every hierarchy that it uses. Joined before the limits are set: a v2 cgroup hands nothing down while processes are beside it. */
export const perform = ({path, limits, join}: StepOf<'cgroup'>, {facts: {cgroup}}: StepContext): Notes => {
  const target = cgroupPath(cgroup, path);
  const used = {hierarchies: usedHierarchies(cgroup, limits)};
  createCgroup(used, target);
  if (join) joinCgroup(used, target);
  setLimits(cgroup, target, limits);
  return NOTHING;
};

/** Takes this process out, if it is in, and removes the cgroup. */
export const undo = ({path}: StepOf<'cgroup'>, {facts: {cgroup}}: StepContext): void => {
  const target = cgroupPath(cgroup, path);
  leaveCgroup(cgroup, target);
  removeCgroup(cgroup, target);
};
