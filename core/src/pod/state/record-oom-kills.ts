import {isErrno} from '../../linux/syscall-error.ts';
import type {PodEntry} from './load.ts';
import {countedNow} from './read-oom-kills.ts';
import {writeStored} from './stored.ts';

/** Keeps what the cgroup of a pod that is over has counted: it may go before the pod does, with the service that rkt was started by, or with the machine. */
export const recordOomKills = (entry: Pick<PodEntry, 'path' | 'supervisor'>): void => {
  const count = countedNow(entry) ?? 0;
  if (count === 0) return;
  try {
    writeStored(entry.path, 'oomKills', count);
  } catch (error) {
    // It is no reason to keep a pod that another rkt has taken meanwhile, or the disk is full.
    if (!isErrno(error, 'ENOENT', 'ENOSPC', 'EDQUOT', 'EROFS')) throw error;
  }
};
