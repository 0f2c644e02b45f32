import {constants} from 'node:fs';
import {fileLeased} from './errors.ts';
import {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {encodeOpenHow, O_CLOEXEC, O_PATH, openHost} from './openat2.ts';
import {isErrno} from './syscall-error.ts';

let descriptors: Fd | undefined;

/** Keeps hold of the host's /proc/self/fd, which a pod's mount namespace or root directory puts out of reach or replaces. */
export const holdDescriptors = (): Fd => {
  descriptors ??= openHost('/proc/self/fd', O_PATH | constants.O_DIRECTORY);
  return descriptors;
};

/** Opens the very file behind a descriptor, by other flags. */
export const reopen = (file: Fd, flags: number): Fd => {
  const how = encodeOpenHow(flags | O_CLOEXEC, 0, 0);
  return new Fd(syscall('openat2', [holdDescriptors().number, String(file.number), how, how.length], file.path));
};

/**
 * Opens a regular file to be read, whoever may have it open besides.
 * @param path what an error calls it
 * @throws RKT_FILE_LEASED
 */
export const reopenToRead = (file: Fd, path: string): Fd => {
  try {
    return reopen(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw isErrno(error, 'EAGAIN') ? fileLeased(path, error) : error;
  }
};
