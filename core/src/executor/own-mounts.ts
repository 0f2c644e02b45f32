import type {Fd} from '../linux/fd.ts';
import {mountId} from '../linux/mount-id.ts';
import type {StepContext} from './context.ts';

const made = new WeakMap<StepContext, Set<number>>();

/** Remembers a mount whose content is the pod's alone: a fresh file system, or a directory of the pod's. */
export const rememberOwnMount = (mount: Fd, context: StepContext): void => {
  const ids = made.get(context) ?? new Set();
  made.set(context, ids.add(mountId(mount)));
};

/** Whether a file is on such a mount. What a volume of the host holds is not. */
export const isOnOwnMount = (file: Fd, context: StepContext): boolean => made.get(context)?.has(mountId(file)) ?? false;
