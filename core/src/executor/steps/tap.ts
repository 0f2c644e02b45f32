import {openTap} from '../../linux/tap.ts';
import type {StepContext} from '../context.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** Opens a tap of a network namespace. */
export const perform = ({namespace, device}: StepOf<'tap'>, context: StepContext): Notes => {
  context.made.taps.push(openTap(namespace, device));
  return NOTHING;
};
