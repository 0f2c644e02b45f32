import {existsSync, rmSync, statSync, utimesSync} from 'node:fs';
import {join} from 'node:path';
import {discard} from '../image/discard.ts';
import {removal} from '../image/remove.ts';
import type {ImageStore} from '../image/store.ts';
import {ageSince} from '../linux/age-since.ts';
import {bootId} from '../linux/boot-id.ts';
import {lockDirectory} from '../linux/lock.ts';
import {namesIn} from '../linux/names-in.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {failuresDirectory, PARTS, readRecord, templatesDirectory} from './templates.ts';

/**
 * Removes templates that no machine will go on from any more: of images that are gone, of an earlier start of the host, not whole, or not used for a while. Machines that go on from one keep
 * it: they have it open. Waits while one is being made. Returns the names of what was removed.
 * @param grace milliseconds
 */
export const collectTemplates = (store: ImageStore, grace: number): readonly string[] => {
  const directory = templatesDirectory(store.dataDir);
  // What could not be made is tried again.
  rmSync(failuresDirectory(store.dataDir), {recursive: true, force: true});
  const names = namesIn(directory);
  if (names.length === 0) return [];
  using _lock = lockDirectory(directory, 'exclusive', {wait: true});
  using _ = removal(store);
  const boot = bootId();
  const removed = names.filter((name) => isUnused(join(directory, name), boot, grace));
  for (const name of removed) discard(store, join(directory, name));
  return removed.sort();
};

const isUnused = (template: string, boot: string, grace: number): boolean => {
  const record = readRecord(template);
  if (record === undefined || record.boot !== boot || !existsSync(record.tree)) return true;
  try {
    const file = join(template, PARTS.record);
    return ageSince(statSync(file).mtimeMs, () => utimesSync(file, new Date(), new Date())) >= grace;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return true;
    throw error;
  }
};
