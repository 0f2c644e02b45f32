import {constants} from 'node:fs';
import type {Context} from '../cli/context.ts';
import type {HostPath, Uuid} from '../contract/names.ts';
import type {Fd} from '../linux/fd.ts';
import {openHost} from '../linux/openat2.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {RktError} from '../rkt-error.ts';
import {fileDamaged, podNotInState} from './errors.ts';
import {findPod} from './find.ts';
import {type FoundLogs, findLogs} from './find-logs.ts';
import type {PodEntry} from './load.ts';
import {type LogTaker, readLogs} from './read-logs.ts';
import {isFinished, type PodState} from './states.ts';
import {withPod} from './with-pod.ts';

export interface LogsRequest {
  /** Default: every app. */
  readonly app: string | undefined;
  readonly tail: number | undefined;
  /** Go on until the pod has ended. */
  readonly follow: boolean;
}

/**
 * Reads the logs of a pod that runs or has run; one that is prepared can be followed.
 * @throws RKT_POD_STATE, and as {@link findLogs} and {@link readLogs} do
 */
export const readPodLogs = async (
  context: Context,
  text: string,
  {app, tail, follow}: LogsRequest,
  openTaker: (found: FoundLogs) => LogTaker,
): Promise<void> => {
  const {dataDir} = context;
  const {uuid, found, directory} = await withPod(dataDir, text, async (entry) => {
    requireLogs(entry, follow);
    return {uuid: entry.uuid, found: await findLogs(context, entry, app), directory: openPod(entry.path)};
  });
  using pod = directory;
  const isOver = follow ? () => isPodOver(dataDir, uuid) : () => true;
  await readLogs({uuid, pod, logs: found.logs, tail, isOver, taker: openTaker(found)});
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
