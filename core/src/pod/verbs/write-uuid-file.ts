import type {HostPath, Uuid} from '../../contract/names.ts';
import {atomicWrite} from '../../linux/atomic-write.ts';
import {createWhole} from '../../linux/create-whole.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {uuidFileUnusable} from '../errors.ts';

/** What `--uuid-file-save` does: early, so that the pod can be removed by it whatever happens. */
export const writeUuidFile = (path: HostPath, uuid: Uuid): void => {
  try {
    // A run that is killed here should leave nothing beside the caller's file.
    if (!createWhole(path, uuid, 0o644)) atomicWrite(path, uuid, 0o644);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EROFS', 'EISDIR', 'ENOSPC', 'EPERM'))
      throw uuidFileUnusable(path, `cannot be written: ${(error as Error).message}`, 254, error);
    throw error;
  }
};
