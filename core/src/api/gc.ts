import type {PodState} from '../pod/state/states.ts';
import {call} from './call.ts';
import type {CallOptions} from './requests.ts';

export interface GcOptions {
  /** Milliseconds that an exited pod stays after it was marked. Default: 30 minutes. */
  readonly gracePeriod?: number;
  /** Milliseconds that a prepared pod waits to be run. Default: 24 hours. */
  readonly expirePrepared?: number;
  /** Mark exited pods and failed preparations, remove nothing. Default: false. */
  readonly markOnly?: boolean;
  /** Only say what would be done. Default: false. */
  readonly dryRun?: boolean;
}

/** What was done to a pod, and why. */
export interface Collected {
  readonly uuid: string;
  readonly state: PodState;
  readonly action: 'mark' | 'discard' | 'remove' | 'keep';
  readonly reason: string;
}

/**
 * Removes what pods have left behind. Takes nothing that runs.
 * @throws RKT_CALL_ENDED, RKT_REQUEST_INVALID, and every error of `rkt gc`: the first of those that kept a pod, when the others have been collected
 */
export const gc = async (asked: GcOptions = {}, options: CallOptions = {}): Promise<Collected[]> => {
  const args = [
    ...(asked.gracePeriod === undefined ? [] : [`--grace-period=${asked.gracePeriod}ms`]),
    ...(asked.expirePrepared === undefined ? [] : [`--expire-prepared=${asked.expirePrepared}ms`]),
    ...(asked.markOnly ? ['--mark-only'] : []),
    ...(asked.dryRun ? ['--dry-run'] : []),
  ];
  // As the command prints them.
  return (await call(['gc', ...args], options)) as Collected[];
};
