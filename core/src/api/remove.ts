import {word} from './arguments.ts';
import {call} from './call.ts';
import type {CallOptions} from './requests.ts';

/**
 * Removes a pod that does not run, with all its files.
 * @param pod its UUID, the beginning of one, or its name
 * @throws RKT_CALL_ENDED, RKT_REQUEST_INVALID, RKT_POD_UNKNOWN, RKT_POD_STATE if it runs
 */
export const remove = async (pod: string, options: CallOptions = {}): Promise<void> => {
  await call(['rm', ...word('pod', pod)], options);
};
