import type {HostPath, Uuid} from '../../contract/names.ts';
import {sleep} from '../../linux/sleep.ts';
import {podBusy, podNotInState, podUnknown} from '../errors.ts';
import {locatePod} from '../state/find.ts';
import {abandon, mark, type Outcome, sweep} from '../state/life-cycle.ts';
import {hasProcesses} from '../state/liveness.ts';
import {loadPod} from '../state/load.ts';
import {Place} from '../state/place.ts';

/** A reader holds a lock for an instant only. */
const ATTEMPTS = 20;
const PAUSE = 25;

/**
 * Removes a pod that does not run, whatever its state.
 * @throws RKT_POD_STATE if it runs or is being prepared, RKT_POD_BUSY, RKT_POD_UNKNOWN
 */
export const remove = (dataDir: HostPath, uuid: Uuid): void => {
  let moved = false;
  for (let attempt = 1; ; attempt++) {
    const directory = locatePod(dataDir, uuid);
    if (directory === undefined) {
      // Somebody else removed it after us: it is gone, as asked.
      if (moved) return;
      throw podUnknown(uuid);
    }
    using place = new Place(dataDir, uuid, directory);
    let outcome: Outcome;
    switch (directory) {
      case 'prepare':
      case 'prepared':
        outcome = place.perform(abandon(directory));
        break;
      case 'run':
        outcome = place.perform(mark());
        break;
      default:
        outcome = place.perform(sweep(directory));
        if (outcome === 'done') return;
    }
    if (outcome === 'done') {
      moved = true;
      attempt = 1;
    } else if (outcome === 'busy') {
      const entry = loadPod(dataDir, directory, uuid);
      if (entry?.state === 'running' || (directory === 'run' && hasProcesses(entry?.supervisor)))
        throw podNotInState(uuid, 'running', 'exited', `stop it first: rkt stop ${uuid}`);
      if (entry?.state === 'preparing') throw podNotInState(uuid, entry.state, 'exited', 'wait until it is prepared');
      if (attempt === ATTEMPTS) throw podBusy(uuid, entry?.state ?? directory);
      sleep(PAUSE);
    } else if (attempt === ATTEMPTS) throw podBusy(uuid, directory);
  }
};
