import {readlinkSync} from 'node:fs';
import {isSystemError} from './syscall-error.ts';

/**
 * Does something with an open file. An error of Node.js then says which one it was: its own has a path only where the call had one.
 * @param file its descriptor, or its path
 */
export const naming = <T>(file: number | string, act: () => T): T => {
  try {
    return act();
  } catch (error) {
    if (isSystemError(error) && (error as {path?: unknown}).path === undefined)
      Object.assign(error as Error, {path: typeof file === 'string' ? file : nameOf(file)});
    throw error;
  }
};

const nameOf = (file: number): string => {
  const path = `/proc/self/fd/${file}`;
  try {
    return readlinkSync(path);
  } catch {
    return path;
  }
};
