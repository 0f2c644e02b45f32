import {readFileSync} from 'node:fs';
import {isDeepStrictEqual} from 'node:util';
import type {HostPath} from '../contract/names.ts';
import {atomicWrite} from '../linux/atomic-write.ts';
import type {IdRange, SubordinateIds} from '../linux/subordinate-ids.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {dataDirectoryUnusable} from './errors.ts';

/** Ids of the host, besides the user's own. */
export type UserIds = Pick<SubordinateIds, 'users' | 'groups'>;

const fileIn = (dataDir: HostPath): string => `${dataDir}/subordinate-ids.json`;

/**
 * Those that files in a data directory of an ordinary user may have, of which the user alone can neither read nor remove all.
 * @returns `undefined`: none but the user's own
 * @throws RKT_DATA_DIRECTORY_UNUSABLE where somebody else has written to the file
 */
export const idsOfDataDirectory = (dataDir: HostPath): UserIds | undefined => {
  try {
    const ids: unknown = JSON.parse(readFileSync(fileIn(dataDir), 'utf8'));
    if (isUserIds(ids)) return ids;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw dataDirectoryUnusable(dataDir, `${fileIn(dataDir)} is not as rkt writes it`);
};

const isUserIds = (value: unknown): value is UserIds => {
  const {users, groups} = (value ?? {}) as Partial<UserIds>;
  return [users, groups].every((range) => Number.isSafeInteger(range?.first) && Number.isSafeInteger(range?.count));
};

/** To be called before anything is made with them. */
export const rememberIds = (dataDir: HostPath, {users, groups}: UserIds): void => {
  if (isDeepStrictEqual(idsOfDataDirectory(dataDir), {users, groups})) return;
  atomicWrite(fileIn(dataDir), JSON.stringify({users, groups}), 0o600);
};

/** Whether whoever has ids of the host has all that files may have, as the same ones in a pod. */
export const covers = (has: UserIds, needed: UserIds): boolean =>
  (['users', 'groups'] as const).every((kind) => includes(has[kind], needed[kind]));

const includes = (has: IdRange, needed: IdRange): boolean => has.first === needed.first && has.count >= needed.count;
