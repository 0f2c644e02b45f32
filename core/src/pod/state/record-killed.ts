import {constants, writeSync} from 'node:fs';
import path from 'node:path';
import type {HostPath} from '../../contract/names.ts';
import type {Fd} from '../../linux/fd.ts';
import {O_PATH, openBeneath, openEntry} from '../../linux/openat2.ts';
import {isOutOfSpace} from '../../linux/out-of-space.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {readExitCodes} from './exit-codes.ts';
import {appPaths} from './layout.ts';
import type {Summary} from './summary.ts';

/** Ended by SIGKILL, as shells have it. */
const KILLED = '137\n';
const {O_CREAT, O_DIRECTORY, O_EXCL, O_WRONLY} = constants;

/**
 * Records the end of the apps of a pod that was killed, of which the supervisor has recorded none because it was killed, too. The directory is the pod's own root's:
 * links are not followed, and what is there is left as it is.
 * @param pod its directory, wherever that is by now
 */
export const recordKilled = (pod: Fd, summary: Summary | undefined): void => {
  if (!summary?.flavor.supervises) return;
  const recorded = readExitCodes({path: pod.path as HostPath, summary});
  for (const {name} of summary.apps.filter((app) => !recorded.has(app.name))) {
    try {
      const status = appPaths(name).status;
      using parent = openBeneath(pod, path.dirname(status), O_PATH | O_DIRECTORY, {noSymlinks: true});
      using file = openEntry(parent, path.basename(status), O_WRONLY | O_CREAT | O_EXCL, {mode: 0o644});
      writeSync(file.number, KILLED);
    } catch (error) {
      // Killed before it had the directory, or something else has been put there; or the disk is full, and the pod has ended all the same (S10).
      if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EEXIST') && !isOutOfSpace(error)) throw error;
    }
  }
};
