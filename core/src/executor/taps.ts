import type {Fd} from '../linux/fd.ts';
import type {StepContext} from './context.ts';

const taps = new WeakMap<StepContext, Fd[]>();

/** For the launched program. */
export const rememberTap = (tap: Fd, context: StepContext): void => {
  taps.set(context, [...tapsOf(context), tap]);
};

/** In the order of the plan. */
export const tapsOf = (context: StepContext): readonly Fd[] => taps.get(context) ?? [];
