import {constants} from 'node:fs';
import {makeDirectory, readSymlink, removeFile, setOwnership} from './directory-entry.ts';
import type {Fd} from './fd.ts';
import {O_PATH, openEntry, openInRoot} from './openat2.ts';
import {isErrno, SyscallError} from './syscall-error.ts';

const DIRECTORY = O_PATH | constants.O_DIRECTORY;
/** As the kernel's MAXSYMLINKS. */
const MAX_SYMLINKS = 40;

export interface MkdirsOptions {
  /** Of the last directory if it has to be created; missing parents are 0755 and root's (appc EX-13). Defaults 0755, 0, 0. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Added to the ids of whatever is created. Default 0. */
  readonly shift?: number;
  /** Called with the directory in which something is about to be created or removed; throws to refuse. */
  readonly beforeChange?: (parent: Fd) => void;
  /** Lets a directory replace a file in its place, and is told which (appc EX-10). Default: ENOTDIR. */
  readonly onReplaced?: (path: string) => void;
}

/** Resolves a path with the rules of its base: in a rootfs, below a directory, on the host. */
export type Opener = (path: string, flags: number) => Fd;

/** {@link mkdirsInRoot} for any base; a path that does not begin with `/` begins at the base's `.`. */
export const mkdirs = (open: Opener, path: string, options: MkdirsOptions = {}, links = 0): Fd => {
  let isMissing: boolean;
  try {
    return open(path, DIRECTORY);
  } catch (error) {
    isMissing = isErrno(error, 'ENOENT');
    if (!isMissing && !isErrno(error, 'ENOTDIR')) throw error;
  }
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  let prefix = path.startsWith('/') ? '/' : '.';
  let directory = open(prefix, DIRECTORY);
  // Below a directory that has just been made there is nothing to be found.
  let fresh = false;
  try {
    for (const [index, name] of parts.entries()) {
      const entry: Entry = {
        parent: directory,
        parentPath: prefix,
        path: `${prefix}${prefix.endsWith('/') ? '' : '/'}${name}`,
        name,
      };
      const last = index === parts.length - 1;
      const wanted = last ? options : {...options, mode: 0o755, uid: 0, gid: 0};
      const existing: Fd | undefined = fresh || (last && isMissing) ? undefined : openExisting(open, entry, wanted);
      const next: Fd = existing ?? create(open, entry, wanted, links);
      fresh = existing === undefined;
      prefix = entry.path;
      directory.close();
      directory = next;
    }
    return directory;
  } catch (error) {
    directory.close();
    throw error;
  }
};

interface Entry {
  readonly parent: Fd;
  readonly parentPath: string;
  readonly path: string;
  readonly name: string;
}

const openExisting = (open: Opener, {parent, path, name}: Entry, options: MkdirsOptions): Fd | undefined => {
  try {
    return open(path, DIRECTORY);
  } catch (error) {
    const replace = isErrno(error, 'ENOTDIR') && options.onReplaced !== undefined;
    if (!replace && !isErrno(error, 'ENOENT')) throw error;
    if (replace) {
      options.beforeChange?.(parent);
      removeFile(parent, name);
      options.onReplaced?.(path);
    }
    return undefined;
  }
};

const create = (open: Opener, entry: Entry, options: MkdirsOptions, links: number): Fd => {
  const {parent, name} = entry;
  options.beforeChange?.(parent);
  try {
    makeDirectory(parent, name, 0o700);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    return followDangling(open, entry, options, links);
  }
  const created = openEntry(parent, name, DIRECTORY);
  try {
    const {mode = 0o755, uid = 0, gid = 0, shift = 0} = options;
    setOwnership(created, {mode, uid: uid + shift, gid: gid + shift});
    return created;
  } catch (error) {
    created.close();
    throw error;
  }
};

// The name exists but leads nowhere: a symlink whose target is to be created, by the same rules, or a directory that someone else made just now.
const followDangling = (
  open: Opener,
  {parent, parentPath, path, name}: Entry,
  options: MkdirsOptions,
  links: number,
): Fd => {
  if (links >= MAX_SYMLINKS) throw new SyscallError('openat2', 40, path);
  using entry = openEntry(parent, name, O_PATH);
  let target: string;
  try {
    target = readSymlink(entry);
  } catch (error) {
    // EINVAL, or ENOENT for the empty path: not a symlink (any more).
    if (isErrno(error, 'EINVAL', 'ENOENT')) return open(path, DIRECTORY);
    throw error;
  }
  return mkdirs(open, target.startsWith('/') ? target : `${parentPath}/${target}`, options, links + 1);
};

/**
 * Opens (`O_PATH`) a directory of a hostile tree, creating it and its missing parents. An existing directory is left as it is; symlinks,
 * also those that lead nowhere yet, resolve inside the tree.
 */
export const mkdirsInRoot = (root: Fd, path: string): Fd =>
  mkdirs((path, flags) => openInRoot(root, path, flags), path);
