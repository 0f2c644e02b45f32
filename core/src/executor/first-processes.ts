import type {FirstProcess} from '../linux/first-process.ts';
import type {StepContext} from './context.ts';

const processes = new WeakMap<StepContext, FirstProcess>();

/** Remembers the first process of the pid namespace that a plan has made. */
export const rememberFirst = (first: FirstProcess, context: StepContext): void => {
  processes.set(context, first);
};

/** `undefined`: what is launched stays among the processes of rkt's caller. */
export const firstProcess = (context: StepContext): FirstProcess | undefined => processes.get(context);
