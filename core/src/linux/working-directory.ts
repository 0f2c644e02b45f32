import {constants} from 'node:fs';
import {workingDirectoryMissing} from './errors.ts';
import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {mayReach} from './may-reach.ts';
import {O_PATH, openInRoot} from './openat2.ts';
import type {Runner} from './program-file.ts';
import {isErrno, SyscallError} from './syscall-error.ts';

/**
 * Opens the working directory of an app in its rootfs. A link of /proc into somewhere else is not followed (S04).
 * @throws RKT_WORKING_DIRECTORY_MISSING
 */
export const openWorkingDirectory = (root: Fd, runner: Runner): Fd => {
  const {cwd: path, uid} = runner;
  if (!mayReach(root, `${path}/.`, runner)) throw workingDirectoryMissing(path, `user ${uid} may not enter it`);
  try {
    return openInRoot(root, path, O_PATH | constants.O_DIRECTORY);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    throw workingDirectoryMissing(path, PROBLEMS[error.code] ?? error.code, error);
  }
};

const PROBLEMS: Readonly<Record<string, string>> = {
  ELOOP: 'leads through a link of the kernel, or through too many links',
  ENOENT: 'does not exist',
  ENOTDIR: 'is not a directory',
};

const MAX_PATH = 4096;

/**
 * Makes it the working directory, once its rootfs is the root directory, and asks the kernel whether it is inside.
 * @throws RKT_WORKING_DIRECTORY_MISSING
 */
export const enterWorkingDirectory = (directory: Fd, path: string): void => {
  syscall('fchdir', [directory.number], path);
  const buffer = Buffer.alloc(MAX_PATH);
  let current: string;
  try {
    current = buffer.toString('utf8', 0, syscall('getcwd', [buffer, buffer.length], path) - 1);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    throw workingDirectoryMissing(path, 'has been removed', error);
  }
  // The kernel's own mark for a directory that the root directory does not lead to: "(unreachable)/…".
  if (!current.startsWith('/')) throw workingDirectoryMissing(path, 'is outside the rootfs');
};
