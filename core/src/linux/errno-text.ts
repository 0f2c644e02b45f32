import {codeOf} from './syscall-error.ts';

/** What a person can do something about, in words. */
const TEXTS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EBADMSG: 'the file system is damaged',
  EBUSY: 'it is in use',
  EEXIST: 'it exists already',
  EFBIG: 'it is too large',
  EIO: 'the disk cannot be read or written',
  EISDIR: 'it is a directory',
  ELOOP: 'there are too many symbolic links on the way to it',
  EMFILE: 'too many files are open (see ulimit -n)',
  ENAMETOOLONG: 'the name is too long',
  ENFILE: 'too many files are open on this host',
  ENODEV: 'there is no such device',
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of the path is not a directory',
  ENXIO: 'there is no such device, or nobody at its other end',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ESTALE: 'its file system has lost it',
  ETXTBSY: 'it is a program that runs',
  EUCLEAN: 'the file system is damaged',
};

/** Why a path cannot be used, from the error of a system call; `undefined` for anything else. */
export const errnoText = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && Object.hasOwn(TEXTS, codeOf(error)) ? TEXTS[codeOf(error)] : undefined;
