import {hash, randomUUID} from 'node:crypto';
import {constants, mkdirSync, renameSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import type {HostPath} from '../contract/names.ts';
import {syncFileSystem} from '../linux/fsync.ts';
import {openHost} from '../linux/openat2.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {writeCache} from '../linux/write-cache.ts';
import {fillHostTree} from './fill-host-tree.ts';
import {askedFor, fileState, type HostTreeStep, MAKING, type TreeRecord} from './host-trees.ts';

/**
 * Makes a tree of the host's programs, or finds that another rkt has just made it. Trees are named by what they are made of: one that a pod uses is
 * never changed. The caller holds the images.
 */
export const buildHostTree = (
  directory: HostPath,
  record: HostPath,
  {programs, directories}: Pick<HostTreeStep, 'programs' | 'directories'>,
): HostPath => {
  mkdirSync(directory, {recursive: true, mode: 0o755});
  const making = join(directory, `${MAKING}${randomUUID()}`);
  try {
    mkdirSync(making, {mode: 0o755});
    const files = fillHostTree(making, programs, directories);
    const states = files.map((path) => [path, fileState(path)] as const);
    const asked = askedFor({programs, directories});
    const tree = `tree-${hash('sha256', JSON.stringify([asked, states])).slice(0, 32)}`;
    using made = openHost(making, constants.O_RDONLY | constants.O_DIRECTORY);
    syncFileSystem(made);
    renameUnlessThere(making, join(directory, tree));
    writeCache(record, JSON.stringify({asked, tree, files: states} satisfies TreeRecord), 0o644);
    return `${directory}/${tree}` as HostPath;
  } finally {
    rmSync(making, {recursive: true, force: true});
  }
};

const renameUnlessThere = (from: string, to: string): void => {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!isErrno(error, 'EEXIST', 'ENOTEMPTY')) throw error;
  }
};
