import type {App} from '../../contract/pod.ts';
import {assertArgumentsFit} from '../../linux/arguments-fit.ts';
import {getRlimit} from '../../linux/rlimits.ts';

/** The kernel's, which supervisors give to apps. */
const DEFAULT_STACK = 8 * 1024 * 1024;

/**
 * What the kernel would refuse to start, of apps and their event handlers, before anything of a pod is there. Whoever starts an app has that stack, or rkt's.
 * @throws RKT_EXEC_ARGUMENTS_TOO_LARGE
 */
export const checkArguments = (apps: readonly App[]): void => {
  const stack = Math.min(DEFAULT_STACK, getRlimit('stack').soft ?? DEFAULT_STACK);
  for (const {process, eventHandlers} of apps) {
    for (const argv of [process.argv, ...eventHandlers.map(({exec}) => exec)])
      assertArgumentsFit({...process, argv}, stack);
  }
};
