import {podArguments} from './arguments.ts';
import {call} from './call.ts';
import type {CallOptions, PodOptions} from './requests.ts';

/**
 * Makes a pod that `runPrepared` can run, also after the machine has crashed. Does everything that can fail or take time.
 * @returns its UUID
 * @throws RKT_CALL_ENDED, RKT_REQUEST_INVALID, and every error of `rkt prepare`; nothing is left of the pod then
 */
export const prepare = async (pod: PodOptions, options: CallOptions = {}): Promise<string> => {
  // As the command prints it.
  const {uuid} = (await call(['prepare', ...podArguments(pod)], options)) as {readonly uuid: string};
  return uuid;
};
