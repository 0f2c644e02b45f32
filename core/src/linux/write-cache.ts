import {mkdirSync} from 'node:fs';
import {dirname} from 'node:path';
import {atomicWrite} from './atomic-write.ts';
import {isSystemError} from './syscall-error.ts';

/**
 * Keeps what can be found out again. Where it cannot be kept, because of a full disk, a quota, a file system that is read-only, or too few rights, nothing fails: whoever comes
 * to clean up would be kept out (S10).
 */
export const writeCache = (file: string, content: string | Uint8Array, mode = 0o600): void => {
  try {
    mkdirSync(dirname(file), {recursive: true, mode: 0o700});
    atomicWrite(file, content, mode);
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
};
