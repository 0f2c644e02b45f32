import {word} from './arguments.ts';
import {call} from './call.ts';
import type {CallOptions} from './requests.ts';

/**
 * Ends a pod, and returns when it has ended: by SIGTERM, and by SIGKILL ten seconds later or so, as its flavor does it.
 * @param pod its UUID, the beginning of one, or its name
 * @returns whether it was running; one that is over already is no error
 * @throws RKT_CALL_ENDED, RKT_REQUEST_INVALID, RKT_POD_UNKNOWN, RKT_POD_STATE if it has never run
 */
export const stop = async (
  pod: string,
  {force = false}: {/** Kill at once. Default: false. */ readonly force?: boolean} = {},
  options: CallOptions = {},
): Promise<boolean> => {
  const args = [...(force ? ['--force'] : []), ...word('pod', pod)];
  // As the command prints them: one for each pod.
  const [{stopped}] = (await call(['stop', ...args], options)) as [{readonly stopped: boolean}];
  return stopped;
};
