import {readFileSync} from 'node:fs';
import type {HostPath} from '../contract/names.ts';
import {isErrno} from './syscall-error.ts';
import {getXattr} from './xattr.ts';

/**
 * Whether the cgroup of a systemd service may have pods below it, on cgroup v2. There, a cgroup with processes cannot limit those below it: rkt, which leaves it for the
 * pod's, has to be all that the service runs, and is not in a job of cron or of a build agent. A service that says `Delegate=yes` wants its pods
 * below it, and systemd keeps its hands off them; what else it runs is then its own affair.
 */
export const takesPods = (directory: HostPath): boolean => isAlone(directory) || isDelegated(directory);

const isAlone = (directory: HostPath): boolean => {
  try {
    return readFileSync(`${directory}/cgroup.procs`, 'utf8').trim() === String(process.pid);
  } catch (error) {
    // Outside of what can be seen from here.
    if (isErrno(error, 'ENOENT', 'EACCES')) return false;
    throw error;
  }
};

/** How systemd marks cgroups that belong to whom it started. */
const isDelegated = (directory: HostPath): boolean => getXattr(directory, 'trusted.delegate')?.toString() === '1';
