import {chmodSync, constants, mkdirSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {HostPath} from '../contract/names.ts';
import {stageHostFiles} from '../image/build/stage-host-files.ts';
import {atomicWrite} from '../linux/atomic-write.ts';
import {syncFileSystem} from '../linux/fsync.ts';
import {openHost} from '../linux/openat2.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {textHash} from '../linux/text-hash.ts';
import {fileState, type HostTreeStep, type TreeRecord} from './host-trees.ts';
import {newUuid} from './uuid.ts';

/**
 * Makes a tree of the host's programs, or finds that another rkt has just made it. Trees are named by what they are made of: one that a pod uses is
 * never changed.
 */
export const buildHostTree = (
  directory: HostPath,
  record: HostPath,
  {programs, directories}: Pick<HostTreeStep, 'programs' | 'directories'>,
): HostPath => {
  mkdirSync(directory, {recursive: true, mode: 0o755});
  const making = join(directory, `.making-${newUuid()}`);
  try {
    mkdirSync(making, {mode: 0o755});
    const {files} = stageHostFiles(programs, making);
    // Whoever takes it for a root file system looks here what it is.
    const release = join(making, 'usr/lib/os-release');
    mkdirSync(join(making, 'usr/lib'), {recursive: true});
    writeFileSync(release, 'ID=rkt-stage1\nNAME="rkt stage1"\n', {mode: 0o644});
    for (const path of directories) {
      mkdirSync(join(making, path), {recursive: true});
      chmodSync(join(making, path), 0o755);
    }
    const states = files.map((path) => [path, fileState(path)] as const);
    const tree = `tree-${textHash(JSON.stringify([programs, directories, states]))}`;
    using made = openHost(making, constants.O_RDONLY | constants.O_DIRECTORY);
    syncFileSystem(made);
    renameUnlessThere(making, join(directory, tree));
    atomicWrite(record, JSON.stringify({tree, files: states} satisfies TreeRecord), 0o644);
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
