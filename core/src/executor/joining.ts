import type {StepContext} from './context.ts';

const joining = new WeakMap<StepContext, Promise<void>>();

/** Remembers that this process is on its way into the pod's cgroup while the next steps are performed. */
export const rememberJoining = (joined: Promise<void>, context: StepContext): void => {
  // Who waits gets the error; until then nobody has missed it.
  joined.catch(() => {});
  joining.set(context, joined);
};

/** Resolves when this process has come into the cgroup that the steps so far have moved it to. */
export const joined = async (context: StepContext): Promise<void> => joining.get(context);
