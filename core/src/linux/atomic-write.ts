import {closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {fsyncDirectory} from './fsync.ts';
import {namesIn} from './names-in.ts';
import {naming} from './naming.ts';
import {identify} from './process-identity.ts';

/** Replaces a file, durably and at once: a reader, or what is left by a crash, has the old content or the new, never a part. */
export const atomicWrite = (path: string, data: string | Uint8Array, mode = 0o644): void => {
  const directory = dirname(path);
  // Not random, which would cost the start of `run` the loading of node:crypto; an equal name is an error, not a risk.
  const temporary = join(directory, `.${basename(path)}.${process.pid}-${process.hrtime.bigint().toString(36)}`);
  const file = openSync(temporary, 'wx', 0o600);
  try {
    try {
      naming(path, () => {
        writeFileSync(file, data);
        // The umask would take bits away from what `open` is told.
        fchmodSync(file, mode);
        fsyncSync(file);
      });
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, {force: true});
    throw error;
  }
  fsyncDirectory(directory);
};

/**
 * Removes what {@link atomicWrite} was to make files of in a directory when its process was killed.
 * @param of of this file alone
 */
export const removeUnfinished = (directory: string, of?: string): void => {
  for (const name of namesIn(directory)) {
    const [, target, pid] = /^\.(.+)\.(\d+)-[0-9a-z]+$/.exec(name) ?? [];
    if (target === undefined || (of !== undefined && of !== target)) continue;
    if (identify(Number(pid)) === undefined) rmSync(join(directory, name), {force: true});
  }
};
