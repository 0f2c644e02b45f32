import {constants, fstatSync, readSync} from 'node:fs';
import type {HostPath} from '../../contract/names.ts';
import {readSymlink} from '../../linux/directory-entry.ts';
import type {Fd} from '../../linux/fd.ts';
import {naming} from '../../linux/naming.ts';
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

/** The same with no symlink on the way to a path followed, nor at its end. */
export interface UnfollowedTree extends ImageTree {
  /** What the symlink at a path says; `undefined`: it is none. */
  readonly link: (path: string) => string | undefined;
}

/** A symlink can mean a file of another layer: each is followed in all of them. */
export const following = (tree: UnfollowedTree): ImageTree => {
  const real = (path: string) => followLinks(path, tree.link);
  const at = <T>(path: string | undefined, look: (path: string) => T | undefined) =>
    path === undefined ? undefined : look(path);
  return {
    read: (path, maxBytes) => at(real(path), (file) => tree.read(file, maxBytes)),
    owner: (path) => at(real(path), tree.owner),
    directory: (path) => at(real(path), tree.directory),
    has: tree.has,
  };
};

/** @param layers uppermost first */
export const imageTree = (layers: readonly HostPath[]): ImageTree => following(layersTree(layers));

/** @param layers uppermost first */
export const layersTree = (layers: readonly HostPath[]): UnfollowedTree => {
  const at = <T>(path: string, use: (file: Fd) => T) => inTree(layers, path, {noSymlinks: true}, use);
  return {
    link: (path) => at(path, (file) => (fstatSync(file.number).isSymbolicLink() ? readSymlink(file) : undefined)),
    read: (path, maxBytes) => at(path, (file) => read(file, path, maxBytes)),
    owner: (path) =>
      at(path, (file) => {
        const {uid, gid} = fstatSync(file.number);
        return {uid, gid};
      }),
    directory: (path) =>
      at(path, (file) => {
        const stats = fstatSync(file.number);
        return stats.isDirectory() ? {mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid} : undefined;
      }),
    has: (path) => inTree(layers, path, {}, () => true) ?? false,
  };
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
    const count = naming(readable.number, () =>
      readSync(readable.number, buffer, length, buffer.length - length, length),
    );
    if (count === 0) break;
    length += count;
  }
  return buffer.toString('utf8', 0, length);
};
