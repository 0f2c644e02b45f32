import {chmodSync, constants} from 'node:fs';
import {removeDirectory, removeFile} from './directory-entry.ts';
import type {Fd} from './fd.ts';
import {makeChangeable, makeEntryChangeable} from './inode-flags.ts';
import {syscall} from './libc.ts';
import {type DirectoryEntry, nextEntries} from './list-directory.ts';
import {O_PATH, openEntry, type RawPath} from './openat2.ts';
import {renameEntry} from './rename.ts';
import {isErrno} from './syscall-error.ts';

/** Directories held open at once. Deeper ones are first moved up, so that no tree is too deep and no path too long. */
const MAX_DEPTH = 32;
/** How often a directory that someone else keeps filling is emptied again. */
const MAX_PASSES = 16;

/**
 * Removes an entry of a directory with all below it, whatever an app has done to keep it (chattr(1)). Nothing is followed out of the tree, neither symlinks nor mounts: a mount point in
 * it is EXDEV or EBUSY, and what is mounted there stays whole. An absent entry is no error.
 */
export const removeTree = (directory: Fd, name: RawPath): void => {
  const counter = {moved: 0};
  try {
    insist(directory, name, {counter}, () => removeFile(directory, name));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    if (!isErrno(error, 'EISDIR')) throw error;
    removeNested(directory, name, {depth: 0, counter});
  }
};

/** The same of a directory that is held open: all below it, and then what has its name, if that is an empty directory. */
export const removeOpenTree = (parent: Fd, name: RawPath, directory: Fd): void =>
  removeOpened(parent, name, directory, {depth: 0, counter: {moved: 0}});

interface Walk {
  readonly depth: number;
  /** The top of the tree, where directories that are too deep go; absent while the top itself is being opened. */
  readonly top?: Fd;
  readonly counter: {moved: number};
}

/** Calls what changes an entry, and again when it has been made possible. The directory that the whole tree is in is not ours to change. */
const insist = (parent: Fd, name: RawPath, {top}: Pick<Walk, 'top' | 'counter'>, change: () => void): void => {
  try {
    change();
  } catch (error) {
    if (!isErrno(error, 'EPERM')) throw error;
    const entry = makeEntryChangeable(parent, name);
    if (!(top !== undefined && makeChangeable(parent)) && !entry) throw error;
    change();
  }
};

const removeNested = (parent: Fd, name: RawPath, walk: Walk): void => {
  if (walk.top !== undefined && walk.depth >= MAX_DEPTH) {
    const {top, counter} = walk;
    insist(parent, name, walk, () => moveUp(parent, name, top, counter));
    return;
  }
  using directory = openForRemoval(parent, name);
  removeOpened(parent, name, directory, walk);
};

const removeOpened = (parent: Fd, name: RawPath, directory: Fd, walk: Walk): void => {
  const below: Walk = {...walk, depth: walk.depth + 1, top: walk.top ?? directory};
  for (let pass = 1; ; pass++) {
    const movedBefore = walk.counter.moved;
    if (pass > 1) rewind(directory);
    for (let entries = nextEntries(directory); entries !== undefined; entries = nextEntries(directory)) {
      for (const entry of entries) removeEntry(directory, entry, below);
    }
    try {
      insist(parent, name, walk, () => removeDirectory(parent, name));
      return;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return;
      // What came from below while this was the top is no one's fault and does not count as a pass.
      if (walk.top === undefined && walk.counter.moved > movedBefore) pass = 1;
      if (pass >= MAX_PASSES || !isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    }
  }
};

const removeEntry = (directory: Fd, {name, type}: DirectoryEntry, walk: Walk): void => {
  try {
    if (type === 'directory') removeNested(directory, name, walk);
    else insist(directory, name, walk, () => removeFile(directory, name));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    // The file system did not say, or the entry was exchanged since.
    if (type !== 'directory' && isErrno(error, 'EISDIR')) removeNested(directory, name, walk);
    else if (type === 'directory' && isErrno(error, 'ENOTDIR')) removeFile(directory, name);
    else throw error;
  }
};

const READ = constants.O_RDONLY | constants.O_DIRECTORY;

// Without root's rights a directory must be writable and readable by its owner before it can be emptied.
const openForRemoval = (parent: Fd, name: RawPath): Fd => {
  if (process.geteuid?.() !== 0) {
    using entry = openEntry(parent, name, O_PATH | constants.O_DIRECTORY, {noMounts: true});
    chmodSync(entry.path, 0o700);
  }
  return openEntry(parent, name, READ, {noMounts: true});
};

const moveUp = (parent: Fd, name: RawPath, top: Fd, counter: Walk['counter']): void => {
  for (;;) {
    const free = `.moved-up-${counter.moved++}`;
    try {
      renameEntry({directory: parent, name}, {directory: top, name: free}, 'replace');
      return;
    } catch (error) {
      // The name is taken; an empty directory of that name is replaced, which is as good.
      if (!isErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) throw error;
    }
  }
};

const rewind = (directory: Fd): void => {
  syscall('lseek', [directory.number, 0, 0], directory.path);
};
