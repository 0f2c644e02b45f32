import {readFileSync, renameSync, writeFileSync} from 'node:fs';
import {isDeepStrictEqual} from 'node:util';
import type {HostPath} from '../contract/names.ts';
import type {IdRange, SubordinateIds} from '../linux/subordinate-ids.ts';
import {isErrno} from '../linux/syscall-error.ts';

/** Ids of the host, besides the user's own. */
export type UserIds = Pick<SubordinateIds, 'users' | 'groups'>;

const fileIn = (dataDir: HostPath): string => `${dataDir}/subordinate-ids.json`;

/**
 * Those that files in a data directory of an ordinary user may have, of which the user alone can neither read nor remove all.
 * @returns `undefined`: none but the user's own
 */
export const idsOfDataDirectory = (dataDir: HostPath): UserIds | undefined => {
  try {
    // Rkt's own, in a directory that nobody else writes to.
    return JSON.parse(readFileSync(fileIn(dataDir), 'utf8')) as UserIds;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
};

/** To be called before anything is made with them. */
export const rememberIds = (dataDir: HostPath, {users, groups}: UserIds): void => {
  if (isDeepStrictEqual(idsOfDataDirectory(dataDir), {users, groups})) return;
  const file = fileIn(dataDir);
  const own = `${file}.${process.pid}`;
  writeFileSync(own, JSON.stringify({users, groups}), {mode: 0o600, flush: true});
  renameSync(own, file);
};

/** Whether whoever has ids of the host has all that files may have, as the same ones in a pod. */
export const covers = (has: UserIds, needed: UserIds): boolean =>
  (['users', 'groups'] as const).every((kind) => includes(has[kind], needed[kind]));

const includes = (has: IdRange, needed: IdRange): boolean => has.first === needed.first && has.count >= needed.count;
