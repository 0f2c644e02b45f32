import {accessSync, constants, statSync} from 'node:fs';
import type {HostPath} from '../contract/names.ts';
import {SyscallError} from './syscall-error.ts';

const ENOENT = 2;

/** Where programs of the host are looked for, in this order. `PATH` belongs to the caller and is not trusted. */
export const PROGRAM_DIRECTORIES = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
] as const;

/** The path of a program of the host, or `undefined`. */
export const findProgram = (name: string): HostPath | undefined => {
  if (name === '' || name.includes('/')) return undefined;
  for (const directory of PROGRAM_DIRECTORIES) {
    const path = `${directory}/${name}`;
    if (isProgram(path)) return path as HostPath;
  }
  return undefined;
};

/** {@link findProgram}. @throws {SyscallError} ENOENT of execve */
export const requireProgram = (name: string): HostPath => {
  const path = findProgram(name);
  if (path === undefined) throw new SyscallError('execve', ENOENT, name);
  return path;
};

/** Whether a path of the host is a file that this process may execute. */
export const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not here, or not for us.
    return false;
  }
};
