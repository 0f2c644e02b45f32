import {rootNeeded} from '../errors.ts';

/** Everything that makes, runs or removes a pod takes root. @throws RKT_ROOT_NEEDED */
export const requireRoot = (command: string): void => {
  if (process.geteuid?.() !== 0) throw rootNeeded(command);
};
