import {lstatSync, readdirSync, readlinkSync, type Stats} from 'node:fs';
import path from 'node:path';
import {ERRNO} from '../contract/errno.ts';
import type {HostPath} from '../contract/names.ts';
import {hasBegunAnew} from '../linux/begun-anew.ts';
import {errnoText} from '../linux/errno-text.ts';
import {OVERFLOW_ID, rootless} from '../linux/rootless.ts';
import {isErrno, SyscallError} from '../linux/syscall-error.ts';
import {dataDirectoryOfAnother, dataDirectoryUnusable, dataDirectoryWritable} from './errors.ts';

/** Where a data directory is, or would be, and whose. */
export interface DataDirectory {
  /** Without symbolic links. */
  readonly path: HostPath;
  /** `another`: it is another user's, or not to be seen. `open`: it is not there, and others could make it before this process does. */
  readonly is: 'own' | 'another' | 'missing' | 'open';
}

/**
 * Looks a data directory up. What is in it says what runs as whom, so that nobody else may put anything there, or another directory in its place: it and the directories in it belong to this user; those above it, and
 * symbolic links on the way, to this user or to root; and others write to none of them. Above it may be one where everybody makes files and removes none but their own (`/tmp`). Who is not root may look at a
 * directory of somebody else as it is; to change anything there takes more.
 * @throws RKT_DATA_DIRECTORY_OF_ANOTHER, RKT_DATA_DIRECTORY_UNUSABLE, RKT_DATA_DIRECTORY_WRITABLE
 */
export const lookUpDataDirectory = (wanted: HostPath): DataDirectory => {
  try {
    const user = thisUser();
    const place = walk(wanted);
    const {real, above, found} = place;
    if (found !== undefined && !user.isRoot && found.uid !== user.uid) return {path: real, is: 'another'};
    judgeAll(wanted, place, user);
    if (found === undefined) return {path: real, is: isOpen(above, user) ? 'open' : 'missing'};
    if (!found.isDirectory()) throw dataDirectoryUnusable(wanted, 'it is not a directory');
    for (const entry of readdirSync(real, {withFileTypes: true}))
      if (entry.isDirectory() || entry.isSymbolicLink())
        judgeAll(wanted, walk(path.join(real, entry.name), {real, stats: found}), user);
    return {path: real, is: 'own'};
  } catch (error) {
    // Whoever may not go there is told by the command what it takes.
    if (isErrno(error, 'EACCES') && process.geteuid?.() !== 0) return {path: wanted, is: 'another'};
    const because = errnoText(error);
    if (because === undefined) throw error;
    throw dataDirectoryUnusable(wanted, because, error);
  }
};

interface User {
  readonly uid: number;
  /** Of the host, or of its user namespace. */
  readonly isRoot: boolean;
  /** Whose what is above a data directory may be. */
  readonly trusted: readonly number[];
  /** A group that nobody else is in. */
  readonly ownGroup: number | undefined;
}

const thisUser = (): User => {
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  if (uid !== 0) return {uid, isRoot: false, trusted: [0, uid], ownGroup: gid === uid ? gid : undefined};
  const own = rootless();
  if (own === undefined) return {uid, isRoot: true, trusted: [0], ownGroup: undefined};
  // Nobody of this user namespace; or it cannot be told, and whoever began anew in it as the user of the host has looked before.
  const isOutside = own.users <= OVERFLOW_ID || hasBegunAnew();
  // Of what the group was outside only that look knows.
  return {
    uid,
    isRoot: true,
    trusted: isOutside ? [0, OVERFLOW_ID] : [0],
    ownGroup: hasBegunAnew() ? gid : undefined,
  };
};

interface Passed {
  readonly real: HostPath;
  readonly stats: Stats;
}

interface Place {
  readonly real: HostPath;
  /** Directories and symbolic links on the way. */
  readonly passed: readonly Passed[];
  /** The last of the directories. */
  readonly above: Stats;
  /** `undefined`: it is not there. */
  readonly found: Stats | undefined;
}

/** As many as the kernel follows. */
const MAX_LINKS = 40;

const isName = (name: string): boolean => name !== '' && name !== '.';

const root = (): Passed => ({real: '/' as HostPath, stats: lstatSync('/')});

/** @param from where the path begins. What is above that has been judged. Default: the root directory */
const walk = (wanted: string, from: Passed = root()): Place => {
  const passed: Passed[] = [];
  const names = path.relative(from.real, wanted).split('/').filter(isName);
  let at = from;
  let above = from.stats;
  let links = 0;
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (!at.stats.isDirectory()) throw new SyscallError('lstat', ERRNO.ENOTDIR, wanted);
    passed.push(at);
    above = at.stats;
    // There is no symbolic link in it, so that `..` is what is above.
    const real = path.join(at.real, name) as HostPath;
    const stats = lstatSync(real, {throwIfNoEntry: false});
    if (stats === undefined) return {real: path.join(real, ...names) as HostPath, passed, above, found: undefined};
    if (!stats.isSymbolicLink()) {
      at = {real, stats};
      continue;
    }
    if (++links > MAX_LINKS) throw new SyscallError('lstat', ERRNO.ELOOP, wanted);
    passed.push({real, stats});
    const target = readlinkSync(real);
    if (path.isAbsolute(target)) at = root();
    names.unshift(...target.split('/').filter(isName));
  }
  return {real: at.real, passed, above, found: at.stats};
};

const judgeAll = (dataDir: HostPath, {real, passed, found}: Place, user: User): void => {
  for (const each of passed) judge(dataDir, each, user, user.trusted, S_ISVTX);
  if (found !== undefined) judge(dataDir, {real, stats: found}, user, [user.uid]);
};

/** linux/stat.h */
const S_ISVTX = 0o1000;

/** @param excused a mode in which whoever can write cannot take away what is others' */
const judge = (dataDir: HostPath, {real, stats}: Passed, user: User, owners: readonly number[], excused = 0): void => {
  if (!owners.includes(stats.uid)) throw dataDirectoryOfAnother(dataDir, real, stats.uid);
  if (stats.isDirectory() && isOpen(stats, user) && (stats.mode & excused) === 0)
    throw dataDirectoryWritable(dataDir, real, stats.mode & 0o7777);
};

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;

/** Whether others can make files there. */
const isOpen = ({mode, gid}: Stats, {ownGroup}: User): boolean =>
  (mode & OTHERS_WRITE) !== 0 || ((mode & GROUP_WRITES) !== 0 && gid !== ownGroup);
