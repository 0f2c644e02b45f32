import {realpathSync} from 'node:fs';
import type {HostPath} from '../contract/names.ts';
import {errnoText} from './errno-text.ts';
import {scratchUnusable} from './errors.ts';
import {isOwn} from './is-own.ts';
import {makeOwnDirectory, type OwnDirectory, removeAbandoned} from './own-directory.ts';
import {rootless} from './rootless.ts';
import {isErrno} from './syscall-error.ts';

/**
 * A new directory for what is needed for a while, where TMPDIR says. Root's is nowhere where others could put another in its place: what root has in its environment may be of who called su(1) or sudo(8) (S36).
 * @throws RKT_SCRATCH_UNUSABLE
 */
export const scratchDirectory = (prefix: string): OwnDirectory => {
  const parent = process.getBuiltinModule('node:os').tmpdir() as HostPath;
  try {
    if (othersCanRename(parent)) throw scratchUnusable(parent, 'others can rename what is made there');
    return ownDirectoryIn(parent, prefix);
  } catch (error) {
    const because = errnoText(error);
    if (because === undefined) throw error;
    throw scratchUnusable(parent, because, error);
  }
};

/** What root of the host makes there. */
const othersCanRename = (parent: string): boolean =>
  process.geteuid?.() === 0 && rootless() === undefined && !isOwn(realpathSync(parent));

/** The same anywhere. Others of the prefix there that killed processes have left are removed, unless somebody else could have given their names to what is none. */
export const ownDirectoryIn = (parent: string, prefix: string): OwnDirectory => {
  // Of a process of another host that has the file system, too, no lock tells.
  const mine = `${prefix}${process
    .getBuiltinModule('node:os')
    .hostname()
    .replaceAll(/[^\w.-]/g, '_')}-`;
  try {
    if (!othersCanRename(parent))
      removeAbandoned(parent, (name) => name.startsWith(mine) && name.length === mine.length + RANDOM);
  } catch (error) {
    // Of no use to anybody, and no obstacle.
    if (!isErrno(error, 'EACCES', 'EBUSY', 'EPERM', 'EROFS', 'EXDEV')) throw error;
  }
  return makeOwnDirectory(`${parent}/${mine}`);
};

/** Characters of mkdtemp(3). */
const RANDOM = 6;
