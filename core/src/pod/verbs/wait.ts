import {setTimeout} from 'node:timers/promises';
import type {HostPath} from '../../contract/names.ts';
import {podNotInState, waitExpired} from '../errors.ts';
import {findPod} from '../state/find.ts';
import {SUPERVISOR_STATUS} from '../state/layout.ts';
import type {PodEntry} from '../state/load.ts';
import {isLocked} from '../state/probe.ts';
import {readMark} from '../state/read-mark.ts';
import {isFinished} from '../state/states.ts';

/** Milliseconds, as in rkt. It has to look, because nothing of rkt runs beside a pod that could tell of its end. */
const POLL = 100;

/** How long to wait, in milliseconds (`Infinity`: for ever): what was asked for, and what is left of that. */
export interface Patience {
  readonly asked: number;
  readonly left: number;
}

/** Waits until a pod is over. @throws RKT_WAIT_EXPIRED */
export const waitFinished = (dataDir: HostPath, uuid: string, patience: Patience): Promise<PodEntry> =>
  wait(dataDir, uuid, 'exited', patience, ({state}) => isFinished(state));

/** Waits until a pod's apps run. @throws RKT_WAIT_EXPIRED, RKT_POD_STATE */
export const waitReady = (dataDir: HostPath, uuid: string, patience: Patience): Promise<PodEntry> =>
  wait(dataDir, uuid, 'ready', patience, (entry) => {
    if (isFinished(entry.state))
      throw podNotInState(entry.uuid, entry.state, 'ready', 'it is over; "rkt status" tells more');
    return isReady(entry);
  });

const wait = async (
  dataDir: HostPath,
  uuid: string,
  what: 'exited' | 'ready',
  patience: Patience,
  isOver: (entry: PodEntry) => boolean,
): Promise<PodEntry> => {
  const end = Date.now() + patience.left;
  for (;;) {
    const entry = findPod(dataDir, uuid);
    if (isOver(entry)) return entry;
    const left = end - Date.now();
    if (left <= 0) throw waitExpired(entry.uuid, what, patience.asked);
    await setTimeout(Math.min(POLL, left));
  }
};

/**
 * Whether the apps of a pod run. Under a flavor whose launched program is the app, as soon as it has taken over from rkt, which the end of
 * the lock tells; else when the supervisor says so, by a symlink as in rkt or a file.
 */
export const isReady = ({state, path, summary}: Pick<PodEntry, 'state' | 'path' | 'summary'>): boolean => {
  if (state !== 'running') return false;
  return summary?.flavor.tellsReady ? readMark(path, SUPERVISOR_STATUS) === 'ready' : isLocked(path) === false;
};
