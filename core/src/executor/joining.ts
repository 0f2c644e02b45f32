import type {StepContext} from './context.ts';

const joining = new WeakMap<StepContext, Promise<void>>();

/** Remembers that this process is on its way into the pod's cgroup while the next steps are performed. */
export const rememberJoining = (joined: Promise<void>, context: StepContext): void => {
  // Who waits gets the error; until then nobody has missed it.
  joined.catch(() => {});
  joining.set(context, joined);
};

/** Resolves when this process is where the steps so far have put it. */
export const joined = async (context: StepContext): Promise<void> => joining.get(context);
