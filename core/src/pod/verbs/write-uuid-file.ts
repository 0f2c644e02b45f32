import {dirname} from 'node:path';
import type {HostPath, Uuid} from '../../contract/names.ts';
import {atomicWrite} from '../../linux/atomic-write.ts';
import {createWhole} from '../../linux/create-whole.ts';
import {errnoText} from '../../linux/errno-text.ts';
import {notReplaceable} from '../../linux/not-replaceable.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {uuidFileUnwritable} from '../errors.ts';

/**
 * What `--uuid-file-save` does: early, so that the pod can be removed by it whatever happens.
 * @throws RKT_UUID_FILE_UNWRITABLE
 */
export const writeUuidFile = (path: HostPath, uuid: Uuid): void => {
  try {
    // A run that is killed here should leave nothing beside the caller's file.
    if (createWhole(path, uuid)) return;
    const obstacle = notReplaceable(path);
    if (obstacle !== undefined) throw uuidFileUnwritable(path, obstacle);
    atomicWrite(path, uuid, 0o644);
  } catch (error) {
    const because = isErrno(error, 'ENOENT') ? `there is no directory ${dirname(path)}` : errnoText(error);
    if (because === undefined) throw error;
    throw uuidFileUnwritable(path, because, error);
  }
};
