import {openTap} from '../../linux/tap.ts';
import type {StepContext} from '../context.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';
import {rememberTap} from '../taps.ts';

/** Opens a tap of a network namespace. */
export const perform = ({namespace, device}: StepOf<'tap'>, context: StepContext): Notes => {
  rememberTap(openTap(namespace, device), context);
  return NOTHING;
};
