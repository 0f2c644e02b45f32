import {log} from '../../debug.ts';
import {isPastReturn} from '../../executor/perform.ts';
import {undoPlan} from './delete.ts';
import {discard, retire, sweep} from './life-cycle.ts';
import type {Place} from './place.ts';

const debug = log('pod');

/**
 * Takes a pod away whose preparation or launch failed with `error`, which is returned. Cannot fail itself: what is left, because this process has given its rights
 * away for instance, is not locked any more when it ends, and gc removes it.
 */
export const giveUp = (place: Place, error: unknown): unknown =>
  quietly(error, () => {
    const {directory} = place;
    if (directory === 'embryo') place.perform(sweep(directory));
    else if (directory === 'prepare' || directory === 'prepared' || directory === 'run')
      place.perform(discard(directory));
    place.close();
  });

/** The same for a pod that had been prepared by somebody: it stays in `exited-garbage`, with its report, until gc takes it. */
export const retirePod = (place: Place, error: unknown): unknown =>
  quietly(error, () => {
    // Not claimed: it is another's, or still prepared.
    if (place.directory !== 'run') return;
    undoPlan(place.path);
    place.perform(retire());
  });

const quietly = (error: unknown, act: () => void): unknown => {
  // The rest of the way out is gc's.
  if (isPastReturn()) return error;
  try {
    act();
  } catch (failure) {
    debug('could not clean up: %o', failure);
  }
  return error;
};
