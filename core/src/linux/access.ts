import {execNotExecutable} from './errors.ts';
import {syscall} from './libc.ts';
import {isErrno} from './syscall-error.ts';

const AT_FDCWD = -100;
const AT_EACCESS = 0x200;
const X_OK = 1;

/**
 * Asks the kernel whether this thread, as it is now, may execute a file: directories on the way, access control lists and `noexec` included.
 * @throws RKT_EXEC_NOT_EXECUTABLE
 */
export const assertAccess = (path: string): void => {
  try {
    syscall('faccessat2', [AT_FDCWD, path, X_OK, AT_EACCESS]);
  } catch (error) {
    if (!isErrno(error, 'EACCES')) throw error;
    throw execNotExecutable(path, 'the kernel denies it to this user, or the file system is mounted noexec');
  }
};
