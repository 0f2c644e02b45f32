import {constants, fstatSync, type Stats, writeSync} from 'node:fs';
import {DEFAULT_LOG_SIZE} from '../../contract/log-size.ts';
import type {HostPath, Uuid} from '../../contract/names.ts';
import type {Fd} from '../../linux/fd.ts';
import {punchHole} from '../../linux/holes.ts';
import {nextEntries} from '../../linux/list-directory.ts';
import {openBeneath, openHost} from '../../linux/openat2.ts';
import {unlessFull} from '../../linux/out-of-space.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {RktError} from '../../rkt-error.ts';
import {logUnbounded} from '../errors.ts';
import {LOGS, podDirectory} from '../state/layout.ts';
import {uuidsIn} from '../state/list.ts';
import type {PodDirectory} from '../state/states.ts';
import {readStored} from '../state/stored.ts';
import {keptLogs, type Log} from './find-logs.ts';
import {logFault} from './log-fault.ts';
import {timesPath} from './log-times.ts';
import {openLog} from './open-log.ts';

const {O_APPEND, O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY} = constants;
const BLOCK = 4096;
/** st_blocks counts these. */
const SECTOR = 512;
const TIMES_SIZE = 65_536;
/** Milliseconds for each log. */
const PATIENCE = 1000;

const PLACES: readonly PodDirectory[] = ['run', 'exited-garbage'];

/**
 * Marks how far the logs of all pods have been written by now, and gives the oldest part of each that is more than twice as large as it may be back to the
 * disk. Nothing is moved, so writers and readers notice nothing. Returns the errors of what could not be done.
 */
export const keepLogs = (dataDir: HostPath): unknown[] =>
  PLACES.flatMap((place) =>
    uuidsIn(dataDir, place).flatMap((uuid) => {
      try {
        return keepPodLogs(uuid, podDirectory(dataDir, place, uuid));
      } catch (error) {
        return isOver(error) ? [] : [error];
      }
    }),
  );

/** Removed or moved meanwhile; the next one sees it where it is. */
const isOver = (error: unknown): boolean => isErrno(error, 'ENOENT') || isDamaged(error);

/** Half a file is what a crash of the machine left: nobody writes there any more. */
const isDamaged = (error: unknown): boolean => error instanceof RktError && error.code === 'RKT_POD_FILE_DAMAGED';

/** What an app does to its log keeps nobody from the others. */
const keepPodLogs = (uuid: Uuid, path: HostPath): unknown[] => {
  using directory = openHost(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!hasLogs(directory)) return [];
  const pod = readStored(path, 'frozen');
  if (pod === undefined) return [];
  const logs = keptLogs(pod.apps);
  if (logs.length === 0) return [];
  const size = pod.logSize ?? DEFAULT_LOG_SIZE;
  return logs.flatMap((log) => {
    try {
      using file = openLog(uuid, directory, log, O_RDWR);
      if (file !== undefined) keepLog(uuid, directory, log, file, size);
    } catch (error) {
      return isOver(error) ? [] : [logFault(uuid, log, error)];
    }
    return [];
  });
};

/** Most pods have none: their other files need not be read. The pod's own root may have put anything there, which is for whoever opens a log to tell. */
const hasLogs = (pod: Fd): boolean => {
  try {
    using logs = openBeneath(pod, LOGS, O_RDONLY | O_DIRECTORY, {noSymlinks: true});
    for (let some = nextEntries(logs); some !== undefined; some = nextEntries(logs)) if (some.length > 0) return true;
    return false;
  } catch (error) {
    if (isErrno(error, 'ELOOP', 'ENOTDIR', 'EXDEV')) return true;
    throw error;
  }
};

const keepLog = (uuid: Uuid, pod: Fd, log: Log, file: Fd, size: number): void => {
  const stats = fstatSync(file.number);
  const marks: Log = {...log, path: timesPath(log.path)};
  {
    using times = openLog(uuid, pod, marks);
    const isNew = times === undefined || fstatSync(times.number).mtimeMs < stats.mtimeMs;
    // Without a mark `logs --since` shows more; a log that is not cut fills the disk further.
    if (isNew) unlessFull(() => addMark(pod, marks.path, stats));
  }
  try {
    keepEnd(file, stats, size);
  } catch (error) {
    throw logUnbounded(uuid, log.app, log.stream, error);
  }
  using times = openLog(uuid, pod, marks, O_RDWR);
  if (times !== undefined) keepEnd(times, fstatSync(times.number), TIMES_SIZE);
};

const addMark = (pod: Fd, path: string, {ctimeMs, size}: Stats): void => {
  const flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
  using file = openBeneath(pod, path, flags, {noSymlinks: true, mode: 0o644});
  writeSync(file.number, `${Math.floor(ctimeMs / 1000)} ${size}\n`);
};

const keepEnd = (file: Fd, {blocks, size}: Stats, kept: number): void => {
  const length = Math.floor((Math.min(size, Number.MAX_SAFE_INTEGER) - kept) / BLOCK) * BLOCK;
  // Room after its end is what the file system or the app has reserved: there is nothing to give back.
  if (blocks * SECTOR <= 2 * kept || length <= 0) return;
  // An app can scatter its log over so many places of the disk that to free them takes minutes: the next one goes on.
  const end = performance.now() + PATIENCE;
  punchHole(file.number, length, () => performance.now() > end);
};
