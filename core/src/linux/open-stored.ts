import {constants} from 'node:fs';
import type {HostPath} from '../contract/names.ts';
import type {Fd} from './fd.ts';
import {O_PATH, openBeneath, openHost, type RawPath} from './openat2.ts';

/** What layers, trees of programs and what belongs to them are called. */
const STORED =
  /^(.*)\/(images\/sha512-[0-9a-f]{128}\/(?:rootfs|manifest)|tree\/[0-9a-f]{64}\/rootfs|host-trees\/tree-[0-9a-f]+)$/;

/** Opens what is below a directory. Nothing leads out of it, and no part is a symlink (S27). */
export const openBelow = (directory: string, path: RawPath, flags: number): Fd => {
  using base = openHost(directory, O_PATH | constants.O_DIRECTORY);
  return openBeneath(base, path, flags, {noSymlinks: true});
};

/**
 * Opens a layer or tree by its path, as plans and pods have it: below the directory of its store no symlink is followed, whoever put it
 * there (S27). Of a tree that is in no store, no part may be a symlink.
 */
export const openStored = (path: HostPath, flags: number): Fd => {
  const [, directory, below] = STORED.exec(path) ?? [];
  if (directory === undefined || below === undefined) return openHost(path, flags, {noSymlinks: true});
  return openBelow(directory, below, flags);
};
