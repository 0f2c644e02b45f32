import type {HostPath} from '../contract/names.ts';
import {errnoText} from './errno-text.ts';
import {scratchUnusable} from './errors.ts';
import {makeOwnDirectory, type OwnDirectory, removeAbandoned} from './own-directory.ts';
import {isErrno} from './syscall-error.ts';

/** A new directory for what is needed for a while, where TMPDIR says. @throws RKT_SCRATCH_UNUSABLE */
export const scratchDirectory = (prefix: string): OwnDirectory => {
  const parent = process.getBuiltinModule('node:os').tmpdir() as HostPath;
  try {
    return ownDirectoryIn(parent, prefix);
  } catch (error) {
    const because = errnoText(error);
    if (because === undefined) throw error;
    throw scratchUnusable(parent, because, error);
  }
};

/** The same anywhere. Others of the prefix there that killed processes have left are removed. */
export const ownDirectoryIn = (parent: string, prefix: string): OwnDirectory => {
  // Of a process of another host that has the file system, too, no lock tells.
  const mine = `${prefix}${process
    .getBuiltinModule('node:os')
    .hostname()
    .replaceAll(/[^\w.-]/g, '_')}-`;
  try {
    removeAbandoned(parent, (name) => name.startsWith(mine) && name.length === mine.length + RANDOM);
  } catch (error) {
    // Of no use to anybody, and no obstacle.
    if (!isErrno(error, 'EACCES', 'EBUSY', 'EPERM', 'EROFS', 'EXDEV')) throw error;
  }
  return makeOwnDirectory(`${parent}/${mine}`);
};

/** Characters of mkdtemp(3). */
const RANDOM = 6;
