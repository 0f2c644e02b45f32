import {constants, fstatSync, readSync} from 'node:fs';
import type {HostPath} from '../../contract/names.ts';
import {readSymlink} from '../../linux/directory-entry.ts';
import type {Fd} from '../../linux/fd.ts';
import {openStored} from '../../linux/open-stored.ts';
import {O_PATH, openInRoot, type ResolveOptions} from '../../linux/openat2.ts';
import {reopenToRead} from '../../linux/reopen.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {followLinks} from './follow-links.ts';

/** Files in the layers of an image, which may be anything (S16): nothing outside of a layer is ever opened. Symlinks are followed from layer to layer. */
export interface ImageTree {
  /** Text of at most so many bytes of a regular file; `undefined` if no layer has it, or it is something else. */
  readonly read: (path: string, maxBytes: number) => string | undefined;
  /** Owner of a file; `undefined` if no layer has it. */
  readonly owner: (path: string) => {readonly uid: number; readonly gid: number} | undefined;
  /** Mode and owner of a directory; `undefined` if no layer has one there. */
  readonly directory: (path: string) => DirectoryLook | undefined;
  readonly has: (path: string) => boolean;
}

/** `mode` without the type of file. */
export interface DirectoryLook {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** @param layers uppermost first */
export const imageTree = (layers: readonly HostPath[]): ImageTree => ({
  read: (path, maxBytes) => followed(layers, path, (file) => read(file, path, maxBytes)),
  owner: (path) =>
    followed(layers, path, (file) => {
      const {uid, gid} = fstatSync(file.number);
      return {uid, gid};
    }),
  directory: (path) =>
    followed(layers, path, (file) => {
      const stats = fstatSync(file.number);
      return stats.isDirectory() ? {mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid} : undefined;
    }),
  has: (path) => inTree(layers, path, {}, () => true) ?? false,
});

/** A symlink can mean a file of another layer: each is followed in all of them. */
const followed = <T>(layers: readonly HostPath[], path: string, use: (file: Fd) => T): T | undefined => {
  const noSymlinks = {noSymlinks: true};
  const real = followLinks(path, (link) =>
    inTree(layers, link, noSymlinks, (file) =>
      fstatSync(file.number).isSymbolicLink() ? readSymlink(file) : undefined,
    ),
  );
  return real === undefined ? undefined : inTree(layers, real, noSymlinks, use);
};

/** Opens a path itself, a symlink too, where the uppermost layer has it. */
const inTree = <T>(
  layers: readonly HostPath[],
  path: string,
  options: ResolveOptions,
  use: (file: Fd) => T,
): T | undefined => {
  for (const layer of layers) {
    using root = openStored(layer, O_PATH | constants.O_DIRECTORY);
    let file: Fd;
    try {
      file = openInRoot(root, path, O_PATH | constants.O_NOFOLLOW, options);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) continue;
      // A file where lower layers have a directory hides what they have in it.
      if (isErrno(error, 'ENOTDIR', 'ELOOP')) return undefined;
      throw error;
    }
    try {
      return isWhiteout(file) ? undefined : use(file);
    } finally {
      file.close();
    }
  }
  return undefined;
};

/** How overlayfs says that a lower layer's file is gone. */
const isWhiteout = (file: Fd): boolean => {
  const stats = fstatSync(file.number);
  return stats.isCharacterDevice() && stats.rdev === 0;
};

// Looked at before it is opened: to open a fifo blocks, to open a device does things.
const read = (file: Fd, path: string, maxBytes: number): string | undefined => {
  const stats = fstatSync(file.number);
  if (!stats.isFile()) return undefined;
  using readable = reopenToRead(file, path);
  const buffer = Buffer.alloc(Math.min(stats.size, maxBytes));
  let length = 0;
  while (length < buffer.length) {
    const count = readSync(readable.number, buffer, length, buffer.length - length, length);
    if (count === 0) break;
    length += count;
  }
  return buffer.toString('utf8', 0, length);
};
