import {readFileSync} from 'node:fs';
import {findProgram} from './programs.ts';
import type {Rootless} from './rootless.ts';
import {isErrno} from './syscall-error.ts';

/** Ids of the host from `first` on. */
export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/** What a user namespace of a user may have besides the user, and the programs that say so to the kernel (newuidmap(1), newgidmap(1)). */
export interface SubordinateIds {
  readonly users: IdRange;
  readonly groups: IdRange;
  readonly newuidmap: string;
  readonly newgidmap: string;
}

/** As many as images commonly have. */
const MOST = 65_535;
const LAST_ID = 0xffff_fffe;

/** The first range of a user in the text of a subuid(5) or subgid(5); lines that are none are passed over, as the programs do. */
export const rangeOf = (text: string, {uid, username}: {readonly uid: number; readonly username: string}) => {
  for (const line of text.split('\n')) {
    const [, owner = '', start = '', length = ''] = /^([^:#]+):(\d{1,10}):(\d{1,10})\s*$/.exec(line) ?? [];
    const [first, count] = [Number(start), Math.min(Number(length), MOST)];
    if (owner !== username && owner !== String(uid)) continue;
    // Those of root and of the user are not for others, whatever the file says.
    if (first > 0 && count > 0 && first + count - 1 <= LAST_ID && (uid < first || uid >= first + count))
      return {first, count} satisfies IdRange;
  }
  return undefined;
};

/** Those of this user; `undefined` where the host gives it none, or where this process cannot get more rights than it has (no_new_privs). */
export const subordinateIds = (): SubordinateIds | undefined => {
  const programs = findPrograms();
  if (programs === undefined || !mayGainRights()) return undefined;
  const user = whoIs();
  const [users, groups] = [rangeOf(text('/etc/subuid'), user), rangeOf(text('/etc/subgid'), user)];
  return users === undefined || groups === undefined ? undefined : {users, groups, ...programs};
};

/** Why {@link subordinateIds} gives none, or has given this process none, which is root of the user's namespace by now. */
export const idsLack = (): 'programs' | 'ranges' | 'rights' => {
  if (findPrograms() === undefined) return 'programs';
  return mayGainRights() ? 'ranges' : 'rights';
};

const findPrograms = () => {
  const [newuidmap, newgidmap] = [findProgram('newuidmap'), findProgram('newgidmap')];
  return newuidmap === undefined || newgidmap === undefined ? undefined : {newuidmap, newgidmap};
};

const mayGainRights = (): boolean => /^NoNewPrivs:\s*0$/m.test(readFileSync('/proc/self/status', 'latin1'));

/** What `rootless` says in the user namespace that a pod of this user has. */
export const foreseenRootless = (): Rootless => {
  const ids = subordinateIds();
  return ids === undefined
    ? {users: 1, groups: 1, changesGroups: false}
    : {users: ids.users.count + 1, groups: ids.groups.count + 1, changesGroups: true};
};

const whoIs = () => {
  const uid = process.geteuid?.() ?? 0;
  try {
    const {username} = process.getBuiltinModule('node:os').userInfo();
    return {uid, username};
  } catch (error) {
    // A number without a name.
    const info: unknown = error instanceof Error && 'info' in error ? error.info : undefined;
    if (typeof info === 'object' && info !== null && 'code' in info && info.code === 'ENOENT')
      return {uid, username: String(uid)};
    throw error;
  }
};

const text = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  }
};
