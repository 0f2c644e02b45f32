import type {Uuid} from '../../contract/names.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {logUnusable} from '../errors.ts';
import type {Log} from './find-logs.ts';

/** What the owner of a log can do to it, by the error that whoever opens it gets. */
const DEEDS = {
  EAGAIN: 'a process holds a lease on it',
  ELOOP: 'not a regular file',
  ENOTDIR: 'not a regular file',
  ENXIO: 'not a regular file',
  EPERM: 'it was made unchangeable',
  ETXTBSY: 'a process of the pod runs it as a program',
  EXDEV: 'not a regular file',
} as const;

/** RKT_POD_LOG_UNUSABLE if somebody in the pod keeps rkt from opening the log, else the error as it is. */
export const logFault = (uuid: Uuid, {app, stream}: Log, error: unknown): unknown => {
  const deed = Object.entries(DEEDS).find(([errno]) => isErrno(error, errno));
  return deed === undefined ? error : logUnusable(uuid, app, stream, deed[1], error);
};
