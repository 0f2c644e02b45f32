import {accessSync, constants} from 'node:fs';
import type {HostPath} from '../../contract/names.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {rootNeeded} from '../errors.ts';

const AS_MEMBER = 'or as a member of the group "rkt", if it has the data directory';

/**
 * To look at pods, or at the names of images, takes root or the group of the data directory.
 * @param otherwise what those can do who are neither
 * @throws RKT_ROOT_NEEDED
 */
export const requireSight = (command: string, directory: HostPath, otherwise = AS_MEMBER): void => {
  if (process.geteuid?.() === 0) return;
  try {
    accessSync(directory, constants.R_OK | constants.X_OK);
  } catch (error) {
    if (isErrno(error, 'EACCES')) throw rootNeeded(command, otherwise, directory);
    if (!isErrno(error, 'ENOENT')) throw error;
  }
};
