import {constants, fstatSync} from 'node:fs';
import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {O_PATH, openEntry, type RawPath} from './openat2.ts';
import {reopen} from './reopen.ts';
import {isErrno} from './syscall-error.ts';

/** linux/fs.h; the numbers say `long`, the kernel means 32 bits. */
const FS_IOC_GETFLAGS = 0x8008_6601;
const FS_IOC_SETFLAGS = 0x4008_6602;
const IMMUTABLE_OR_APPEND = 0x10 | 0x20;

/** Takes away what keeps an open file or directory from being changed by anybody (chattr(1), `i` and `a`). `false`: there was nothing of that, or it cannot be done. */
export const makeChangeable = (file: Fd): boolean => {
  const flags = Buffer.alloc(8);
  try {
    syscall('ioctl', [file.number, FS_IOC_GETFLAGS, flags], file.path);
    const before = flags.readUInt32LE();
    if ((before & IMMUTABLE_OR_APPEND) === 0) return false;
    flags.writeUInt32LE((before & ~IMMUTABLE_OR_APPEND) >>> 0);
    syscall('ioctl', [file.number, FS_IOC_SETFLAGS, flags], file.path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOTTY', 'ENOTSUP', 'EPERM', 'EACCES', 'EROFS')) return false;
    throw error;
  }
};

/** {@link makeChangeable} of an entry of a directory; only of files and directories, because to open others does things. */
export const makeEntryChangeable = (directory: Fd, name: RawPath): boolean => {
  using entry = openEntry(directory, name, O_PATH, {noMounts: true});
  const stats = fstatSync(entry.number);
  if (!stats.isFile() && !stats.isDirectory()) return false;
  try {
    using file = reopen(entry, constants.O_RDONLY | constants.O_NONBLOCK);
    return makeChangeable(file);
  } catch (error) {
    // Somebody has a lease on it, and may be waited for the next time.
    if (isErrno(error, 'EAGAIN')) return false;
    throw error;
  }
};
