import {constants} from 'node:fs';
import type {HostPath, Uuid} from '../../contract/names.ts';
import type {Fd} from '../../linux/fd.ts';
import {openHost} from '../../linux/openat2.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {RktError} from '../../rkt-error.ts';
import type {Settings} from '../../settings.ts';
import {fileDamaged, podNotInState} from '../errors.ts';
import {findPod} from '../state/find.ts';
import type {PodEntry} from '../state/load.ts';
import {isFinished, type PodState} from '../state/states.ts';
import {withPod} from '../state/with-pod.ts';
import {type FoundLogs, findLogs} from './find-logs.ts';
import {type LogTaker, readLogs} from './read-logs.ts';

export interface LogsRequest {
  /** Default: every app. */
  readonly app: string | undefined;
  readonly tail: number | undefined;
  /** Milliseconds since 1970. */
  readonly since: number | undefined;
  /** Go on until the pod has ended. */
  readonly follow: boolean;
}

/**
 * Reads the logs of a pod that runs or has run; one that is prepared can be followed.
 * @throws RKT_POD_STATE also when it is being removed and not all was there any more, and as {@link findLogs} and {@link readLogs} do
 */
export const readPodLogs = async (
  settings: Settings,
  text: string,
  {app, tail, since, follow}: LogsRequest,
  openTaker: (found: FoundLogs) => LogTaker,
): Promise<void> => {
  const {dataDir} = settings;
  const {uuid, found, directory} = await withPod(dataDir, text, async (entry) => {
    requireLogs(entry, follow);
    return {uuid: entry.uuid, found: await findLogs(settings, entry, app), directory: openPod(entry.path)};
  });
  using pod = directory;
  const isOver = follow ? () => isPodOver(dataDir, uuid) : () => true;
  const {logs, journal} = found;
  const request = {uuid, pod, tail, since, taker: openTaker(found)};
  const readFiles = (over: () => boolean) => readLogs({...request, logs, isOver: over});
  const readings = [readFiles];
  if (journal.length > 0) {
    const {readJournal} = await import('./journal/read-journal.ts');
    readings.push((over) => readJournal({...request, sources: journal, isOver: over}));
  }
  // Asked afterwards: what was not there then may just as well never have been.
  if (!(await together(isOver, readings)) && GOING.includes(stateNow(dataDir, uuid)))
    throw podNotInState(uuid, 'being removed', 'running or exited', 'what its apps have written goes with it');
};

/** Reads from several places at once. Where one fails, the others end too, at their next look. Whether all was there. */
const together = async (
  isOver: () => boolean,
  readings: readonly ((isOver: () => boolean) => Promise<boolean>)[],
): Promise<boolean> => {
  const errors: unknown[] = [];
  const found = await Promise.all(
    readings.map(async (read) => {
      try {
        return await read(() => errors.length > 0 || isOver());
      } catch (error) {
        errors.push(error);
        return false;
      }
    }),
  );
  if (errors.length > 0) throw errors[0];
  return found.every(Boolean);
};

const requireLogs = ({uuid, state}: PodEntry, follow: boolean): void => {
  if (state === 'running' || isFinished(state) || (follow && state === 'prepared')) return;
  throw podNotInState(uuid, state, 'running or exited');
};

/** By its descriptor the pod is the same wherever it is moved. */
const openPod = (path: HostPath): Fd => {
  try {
    return openHost(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw fileDamaged(path, '.', 'it is gone', error);
    throw error;
  }
};

type Now = PodState | undefined;
const ALIVE: readonly Now[] = ['prepared', 'running'];
const GOING: readonly Now[] = ['exited deleting', 'garbage', 'deleting', undefined];

const isPodOver = (dataDir: HostPath, uuid: Uuid): boolean => !ALIVE.includes(stateNow(dataDir, uuid));

/** `undefined`: it has been removed. */
const stateNow = (dataDir: HostPath, uuid: Uuid): Now => {
  try {
    return findPod(dataDir, uuid).state;
  } catch (error) {
    if (error instanceof RktError && error.code === 'RKT_POD_UNKNOWN') return undefined;
    throw error;
  }
};
