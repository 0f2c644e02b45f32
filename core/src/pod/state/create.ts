import type {HostPath, Uuid} from '../../contract/names.ts';
import {podBusy} from '../errors.ts';
import {giveUp} from './give-up.ts';
import {create as createScript} from './life-cycle.ts';
import {Place} from './place.ts';

/** Creates the directory of a pod and locks it: the pod is `preparing` afterwards. */
export const createPod = (dataDir: HostPath, uuid: Uuid): Place => {
  const place = new Place(dataDir, uuid);
  // gc takes embryos that nobody holds; between two system calls that can be ours.
  try {
    for (let attempt = 0; attempt < 100; attempt++) if (place.perform(createScript()) === 'done') return place;
    throw podBusy(uuid, 'embryo');
  } catch (error) {
    throw giveUp(place, error);
  }
};
