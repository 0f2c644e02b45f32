import type {StepContext} from '../context.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** Gives the pod ids of its own, for the steps that follow. */
export const perform = ({id, base, count}: StepOf<'id-map'>, context: StepContext): Notes => {
  const namespace = context.userNamespaces?.get(id);
  if (namespace === undefined) throw new Error(`nobody made the user namespace of step ${id}`);
  context.made.idMap = {base, count, namespace};
  return NOTHING;
};
