import {closeSync, constants, fchmodSync, fsyncSync, openSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {fsyncDirectory} from './fsync.ts';
import {syscall} from './libc.ts';
import {isErrno} from './syscall-error.ts';

/** asm/fcntl.h: a file without a name, in a directory. Node's constants lack it; __O_TMPFILE and O_DIRECTORY. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
const AT_FDCWD = -100;
const AT_SYMLINK_FOLLOW = 0x400;

/**
 * Makes a file that is there whole or not at all, durably, and leaves nothing beside it wherever it is interrupted: it has no name until it is written. `false`: something
 * has its name, or the file system has no such files (most of the network).
 */
export const createWhole = (path: string, data: string, mode: number): boolean => {
  const directory = dirname(path);
  let file: number;
  try {
    file = openSync(directory, constants.O_WRONLY | O_TMPFILE, 0o600);
  } catch (error) {
    if (isErrno(error, 'EOPNOTSUPP', 'EISDIR', 'EINVAL')) return false;
    throw error;
  }
  try {
    writeFileSync(file, data);
    fchmodSync(file, mode);
    fsyncSync(file);
    syscall('linkat', [AT_FDCWD, `/proc/self/fd/${file}`, AT_FDCWD, path, AT_SYMLINK_FOLLOW], path);
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  } finally {
    closeSync(file);
  }
  fsyncDirectory(directory);
  return true;
};
