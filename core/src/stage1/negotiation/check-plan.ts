import * as z from 'zod/mini';
import {type Plan, plan as planSchema} from '../../contract/plan.ts';
import type {StepKind} from '../../contract/step.ts';
import {flavorPlanInvalid} from '../errors.ts';
import {pathOf} from '../path-of.ts';

/**
 * Makes sure that what a flavor made is a plan that the executor knows.
 * @throws RKT_FLAVOR_PLAN_INVALID
 */
export const checkPlan = (draft: Plan): void => {
  const {name} = draft.flavor;
  const result = z.safeParse(planSchema, draft);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw flavorPlanInvalid(name, pathOf(issue?.path ?? []), issue?.message ?? 'is invalid');
  }
  const seen = new Set<string>();
  for (const {id} of [...draft.filesystem, ...draft.environment]) {
    if (seen.has(id)) throw flavorPlanInvalid(name, id, 'two steps have this id');
    seen.add(id);
  }
  checkMounts(draft);
};

/** Steps that mount, or change what is mounted. */
const MOUNTS: ReadonlySet<StepKind> = new Set<StepKind>([
  ...(['bind', 'disk-image', 'host-tree', 'keep-mounts', 'mask', 'mount', 'overlay', 'protect', 'remount'] as const),
]);

/** Without a mount namespace of the pod's own they would be done to the host, and what becomes the root directory would become that of the host's processes. */
const checkMounts = ({flavor, filesystem, environment, launch}: Plan): void => {
  const steps = [...filesystem, ...environment];
  const leaves = steps.findIndex((step) => step.do === 'namespace' && step.unshare.includes('mount'));
  const [early] = (leaves < 0 ? steps : steps.slice(0, leaves)).filter((step) => MOUNTS.has(step.do));
  const problem = 'nothing before it leaves the mount namespace of the host (privateMounts of @rkt/plugin-sdk)';
  if (early !== undefined) throw flavorPlanInvalid(flavor.name, early.id, problem);
  if (leaves < 0 && launch.into === 'rootfs') throw flavorPlanInvalid(flavor.name, 'launch', problem);
};
