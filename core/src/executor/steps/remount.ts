import {setMountAttributes} from '../../linux/mount.ts';
import {O_PATH} from '../../linux/openat2.ts';
import type {StepContext} from '../context.ts';
import {openLocation} from '../location.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** Adds flags to the mount that the target is the root of; what is mounted below keeps its own. */
export const perform = ({target, flags}: StepOf<'remount'>, context: StepContext): Notes => {
  using root = openLocation(target, context, O_PATH);
  setMountAttributes(root, {flags});
  return NOTHING;
};
