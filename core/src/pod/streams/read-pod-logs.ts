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
 * @throws RKT_POD_STATE, and as {@link findLogs} and {@link readLogs} do
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
  if (journal.length === 0) return await readFiles(isOver);
  const {readJournal} = await import('./journal/read-journal.ts');
  await together(isOver, readFiles, (over) => readJournal({...request, sources: journal, isOver: over}));
};

/** Reads from several places at once. Where one fails, the others end too, at their next look. */
const together = async (
  isOver: () => boolean,
  ...readings: readonly ((isOver: () => boolean) => Promise<void>)[]
): Promise<void> => {
  const errors: unknown[] = [];
  await Promise.all(
    readings.map(async (read) => {
      try {
        await read(() => errors.length > 0 || isOver());
      } catch (error) {
        errors.push(error);
      }
    }),
  );
  if (errors.length > 0) throw errors[0];
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

const ALIVE: readonly PodState[] = ['prepared', 'running'];

const isPodOver = (dataDir: HostPath, uuid: Uuid): boolean => {
  try {
    return !ALIVE.includes(findPod(dataDir, uuid).state);
  } catch (error) {
    // Removed: nobody writes any more.
    if (error instanceof RktError && error.code === 'RKT_POD_UNKNOWN') return true;
    throw error;
  }
};
