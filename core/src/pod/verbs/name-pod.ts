import {RktError} from '../../rkt-error.ts';
import type {PodRequest} from '../request.ts';
import {locatePod, seePod} from '../state/find.ts';
import type {Place} from '../state/place.ts';
import {claimName, podNamed} from '../state/pod-names.ts';
import {isFinished} from '../state/states.ts';
import {remove} from './remove.ts';

/**
 * Gives the pod the name that was asked for. One that has it, has exited, and was to be removed then, is removed now.
 * @throws RKT_POD_NAME_TAKEN
 */
export const namePod = ({dataDir, uuid}: Place, {podName}: PodRequest): void => {
  if (podName === undefined) return;
  claimName(dataDir, podName, uuid, (owner) => {
    const pod = seePod(dataDir, owner);
    if (pod === undefined || !isFinished(pod.state) || !pod.summary?.removeOnExit) return;
    try {
      remove(dataDir, owner);
    } catch (error) {
      // Another rkt removes it, and has given its name back before all of it is gone.
      const isFree = podNamed(dataDir, podName) !== owner || locatePod(dataDir, owner) === undefined;
      if (!isFree || !isRemoval(error)) throw error;
    }
  });
};

const isRemoval = (error: unknown): boolean =>
  error instanceof RktError && (error.code === 'RKT_POD_BUSY' || error.code === 'RKT_POD_UNKNOWN');
