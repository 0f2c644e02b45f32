import type {HostPath, Uuid} from '../contract/names.ts';
import {atomicWrite} from '../linux/atomic-write.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {uuidFileUnusable} from './errors.ts';

/** What `--uuid-file-save` does: early, so that the pod can be removed by it whatever happens. */
export const writeUuidFile = (path: HostPath, uuid: Uuid): void => {
  try {
    atomicWrite(path, uuid, 0o644);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EROFS', 'EISDIR', 'ENOSPC', 'EPERM'))
      throw uuidFileUnusable(path, `cannot be written: ${(error as Error).message}`, 254, error);
    throw error;
  }
};
