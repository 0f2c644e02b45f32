import {chmodSync} from 'node:fs';
import {ERRNO} from '../contract/errno.ts';
import type {Fd} from './fd.ts';
import {attemptSyscall, syscall} from './libc.ts';
import {type RawPath, rawPath} from './openat2.ts';
import {isErrno, SyscallError} from './syscall-error.ts';

/*
 * Changes of one entry of a directory that is held open. The entry itself is meant, never what a symlink points to.
 */

const {ENOENT} = ERRNO;
const AT_REMOVEDIR = 0x200;
const AT_EMPTY_PATH = 0x1000;

/** mkdirat(2); the umask applies. */
export const makeDirectory = (directory: Fd, name: RawPath, mode: number): void => {
  syscall('mkdirat', [directory.number, rawPath(name), mode], name.toString());
};

/** symlinkat(2): `to` is not interpreted. */
export const makeSymlink = (directory: Fd, name: RawPath, to: string): void => {
  syscall('symlinkat', [to, directory.number, rawPath(name)], name.toString());
};

/** linkat(2): another name for an entry of one open directory, in another. */
export const linkEntry = (
  from: {readonly directory: Fd; readonly name: RawPath},
  to: {readonly directory: Fd; readonly name: RawPath},
): void => {
  const [source, target] = [rawPath(from.name), rawPath(to.name)];
  syscall('linkat', [from.directory.number, source, to.directory.number, target, 0], to.name.toString());
};

/** unlinkat(2) of anything but a directory (EISDIR). */
export const removeFile = (directory: Fd, name: RawPath): void => {
  syscall('unlinkat', [directory.number, rawPath(name), 0], name.toString());
};

/** {@link removeFile}, so that something new can have the name; there may be nothing. */
export const removeIfPresent = (directory: Fd, name: RawPath): void => {
  const result = attemptSyscall('unlinkat', [directory.number, rawPath(name), 0]);
  if (result < 0 && result !== -ENOENT) throw new SyscallError('unlinkat', -result, name.toString());
};

/** What `make` makes of this name, which fails with EEXIST, in the place of whatever but a directory had the name (EISDIR). Mostly nothing had. */
export const makeInPlace = <T>(directory: Fd, name: RawPath, make: () => T): T => {
  try {
    return make();
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
  removeIfPresent(directory, name);
  return make();
};

/** unlinkat(2) of an empty directory. */
export const removeDirectory = (directory: Fd, name: RawPath): void => {
  syscall('unlinkat', [directory.number, rawPath(name), AT_REMOVEDIR], name.toString());
};

/** Target of a symlink opened with `O_PATH | O_NOFOLLOW`. */
export const readSymlink = (link: Fd): string => {
  const target = Buffer.alloc(4096);
  return target.toString('utf8', 0, syscall('readlinkat', [link.number, '', target, target.length]));
};

/** Owner and permissions of an open file, also of one opened with `O_PATH`. The owner first: changing it clears set-user-ID. */
export const setOwnership = (file: Fd, {mode, uid, gid}: {mode: number; uid: number; gid: number}): void => {
  syscall('fchownat', [file.number, '', uid, gid, AT_EMPTY_PATH], file.path);
  chmodSync(file.path, mode);
};
