import {readdirSync} from 'node:fs';
import {isErrno} from './syscall-error.ts';

/** The names in a directory, in no order; none if it is not there. */
export const namesIn = (directory: string): string[] => {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
};
