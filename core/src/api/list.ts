import {call} from './call.ts';
import type {PodView} from './pod.ts';
import type {CallOptions} from './requests.ts';

/**
 * All pods, the oldest first.
 * @throws RKT_CALL_ENDED, and every error of `rkt list`
 */
export const list = async (options: CallOptions = {}): Promise<PodView[]> =>
  // As the command prints them.
  ((await call(['list'], options)) ?? []) as PodView[];
