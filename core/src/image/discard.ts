import {renameSync} from 'node:fs';
import {PREFIX} from './spool.ts';
import type {ImageStore} from './store.ts';

/**
 * Takes a directory out of the store, at once and without needing space: as one that a process left behind, which `cleanSpools` removes.
 */
export const discard = (store: ImageStore, directory: string): void =>
  renameSync(directory, `${store.spool}/${PREFIX}${process.pid}-${process.hrtime.bigint().toString(36)}`);
