import {statSync} from 'node:fs';
import {isSystemError} from './syscall-error.ts';

/**
 * Whether what a path leads to can be read by this process alone, or once: no regular file, or one of its descriptors. A directory, what is not there and what cannot be reached are for whoever reads to
 * judge.
 */
export const isReadOnce = (path: string): boolean => {
  try {
    const stats = statSync(path);
    return !stats.isDirectory() && (!stats.isFile() || /^\/(dev\/(fd|std)|proc\/)/.test(path));
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
};
