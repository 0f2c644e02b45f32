import type {PodRequest} from '../request.ts';
import {findPod} from '../state/find.ts';
import type {Place} from '../state/place.ts';
import {claimName} from '../state/pod-names.ts';
import {isFinished} from '../state/states.ts';
import {remove} from './remove.ts';

/**
 * Gives the pod the name that was asked for. One that has it, has exited, and was to be removed then, is removed now.
 * @throws RKT_POD_NAME_TAKEN
 */
export const namePod = ({dataDir, uuid}: Place, {podName}: PodRequest): void => {
  if (podName === undefined) return;
  claimName(dataDir, podName, uuid, (owner) => {
    const {state, summary} = findPod(dataDir, owner);
    if (!isFinished(state) || !summary?.removeOnExit) return false;
    remove(dataDir, owner);
    return true;
  });
};
