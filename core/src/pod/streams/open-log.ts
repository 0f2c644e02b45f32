import {constants, fstatSync} from 'node:fs';
import type {Uuid} from '../../contract/names.ts';
import type {Fd} from '../../linux/fd.ts';
import {O_PATH, openBeneath} from '../../linux/openat2.ts';
import {reopen} from '../../linux/reopen.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {logUnusable} from '../errors.ts';
import type {Log} from './find-logs.ts';
import {logFault} from './log-fault.ts';

const {O_NOFOLLOW, O_NONBLOCK, O_RDONLY} = constants;

/**
 * Opens a log below the pod's directory; `undefined` if there is none yet. The pod's own root can write there: links are not followed, and only
 * a regular file is opened, because opening a device can do something.
 * @throws RKT_POD_LOG_UNUSABLE
 */
export const openLog = (uuid: Uuid, pod: Fd, log: Log, flags: number = O_RDONLY): Fd | undefined => {
  try {
    using found = findLog(uuid, pod, log);
    // Whoever waits for a lease to end waits for as long as its holder likes, up to 45 seconds.
    return reopen(found, flags | O_NONBLOCK);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw logFault(uuid, log, error);
    return undefined;
  }
};

const findLog = (uuid: Uuid, pod: Fd, {path, app, stream}: Log): Fd => {
  const found = openBeneath(pod, path, O_PATH | O_NOFOLLOW, {noSymlinks: true});
  if (fstatSync(found.number).isFile()) return found;
  found.close();
  throw logUnusable(uuid, app, stream, 'not a regular file');
};
