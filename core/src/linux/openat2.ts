import {constants} from 'node:fs';
import {Fd} from './fd.ts';
import {addressOf, syscall} from './libc.ts';
import {isErrno} from './syscall-error.ts';

/** Flags that Node's `fs.constants` lacks; the same on x86-64 and arm64. The rest comes from there. */
export const O_PATH = 0o10000000;
export const O_CLOEXEC = 0o2000000;

/** linux/openat2.h */
const RESOLVE = {NO_XDEV: 1, NO_MAGICLINKS: 2, NO_SYMLINKS: 4, BENEATH: 8, IN_ROOT: 16} as const;
/** Bytes of `struct open_how`. */
const HOW = 24;
const AT_FDCWD = -100;
// With IN_ROOT and BENEATH the kernel answers EAGAIN when something was renamed while it walked a `..`; an app in a loop can do that to us for a while.
const ATTEMPTS = 128;

/** `struct open_how` of linux/openat2.h: three words of 64 bits. */
const fillOpenHow = (words: BigUint64Array, flags: number, mode: number, resolve: number): void => {
  words[0] = BigInt(flags);
  words[1] = BigInt(mode);
  words[2] = BigInt(resolve);
};

export const encodeOpenHow = (flags: number, mode: number, resolve: number): Buffer => {
  const words = new BigUint64Array(new ArrayBuffer(HOW));
  fillOpenHow(words, flags, mode, resolve);
  return Buffer.from(words.buffer);
};

/** A path as text, or as bytes when it comes from a directory listing and need not be UTF-8. */
export type RawPath = string | Buffer;

/** {@link RawPath} as a system call takes it. */
export const rawPath = (path: RawPath): RawPath =>
  typeof path === 'string' ? path : Buffer.concat([path, Buffer.alloc(1)]);

const how = new BigUint64Array(new ArrayBuffer(HOW));
const howBytes = new Uint8Array(how.buffer);
let howAt: bigint | undefined;

const openat2 = (directory: number, path: RawPath, flags: number, mode: number, resolve: number): Fd => {
  const name = rawPath(path);
  howAt ??= addressOf(howBytes);
  // The same each time: between here and the call nothing else opens a file.
  fillOpenHow(how, flags | O_CLOEXEC, mode, resolve);
  for (let attempt = 1; ; attempt++) {
    try {
      return new Fd(syscall('openat2', [directory, name, howAt, HOW], path.toString()));
    } catch (error) {
      if (attempt === ATTEMPTS || !isErrno(error, 'EAGAIN', 'EINTR')) throw error;
    }
  }
};

export interface ResolveOptions {
  /** Any symlink on the way is ELOOP. Default false. */
  readonly noSymlinks?: boolean;
  /** A mount point on the way is EXDEV. Default false. */
  readonly noMounts?: boolean;
  /** Permissions of a file that `O_CREAT` makes, before the umask. Default 0. */
  readonly mode?: number;
}

const resolution = (base: number, {noSymlinks = false, noMounts = false}: ResolveOptions): number =>
  base | (noSymlinks ? RESOLVE.NO_SYMLINKS : 0) | (noMounts ? RESOLVE.NO_XDEV : 0);

/**
 * Opens a path of a hostile tree as a process with that root directory would: absolute symlinks and `..` stay inside, magic links are ELOOP.
 * Close-on-exec is always set.
 */
export const openInRoot = (root: Fd, path: RawPath, flags: number, options: ResolveOptions = {}): Fd =>
  openat2(root.number, path, flags, options.mode ?? 0, resolution(RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS, options));

/** Opens a path below a directory: what leads out of it, even for a while, is EXDEV; magic links are ELOOP. */
export const openBeneath = (directory: Fd, path: RawPath, flags: number, options: ResolveOptions = {}): Fd =>
  openat2(
    directory.number,
    path,
    flags,
    options.mode ?? 0,
    resolution(RESOLVE.BENEATH | RESOLVE.NO_MAGICLINKS, options),
  );

/** Opens one entry of a directory itself, a symlink included: never what a symlink points to, never below. */
export const openEntry = (directory: Fd, name: RawPath, flags: number, options: ResolveOptions = {}): Fd =>
  openBeneath(directory, name, flags | constants.O_NOFOLLOW, options);

/** Opens a path of the host, chosen by the operator or by rkt. */
export const openHost = (path: string, flags: number, options: ResolveOptions = {}): Fd =>
  openat2(AT_FDCWD, path, flags, options.mode ?? 0, resolution(0, options));
