import {chmodSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {stageHostFiles} from '../image/build/stage-host-files.ts';

/**
 * Fills an empty directory with programs of this host, what they need, and empty directories: what a flavor runs in a pod, as a tree or as an image.
 * @param data files of the host that are no programs
 * @returns every file of the host that is in it
 */
export const fillHostTree = (
  target: string,
  programs: readonly string[],
  directories: readonly string[],
  data: readonly string[] = [],
): readonly string[] => {
  chmodSync(target, 0o755);
  const files = stageHostFiles(programs, target, data);
  // Whoever takes it for a root file system looks here what it is.
  mkdirSync(join(target, 'usr/lib'), {recursive: true});
  writeFileSync(join(target, 'usr/lib/os-release'), 'ID=rkt-stage1\nNAME="rkt stage1"\n');
  chmodSync(join(target, 'usr/lib/os-release'), 0o644);
  for (const path of directories) makeDirectories(target, path);
  return files;
};

/** Whatever the umask is. What is there stays as it is. */
const makeDirectories = (target: string, path: string): void => {
  let current = target;
  for (const part of path.split('/').filter((name) => name !== '')) {
    current = join(current, part);
    if (mkdirSync(current, {recursive: true}) !== undefined) chmodSync(current, 0o755);
  }
};
