import {
  constants,
  fstatSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import {dirname, join, posix} from 'node:path';
import {readSymlink} from '../../linux/directory-entry.ts';
import {errnoText} from '../../linux/errno-text.ts';
import {O_PATH, openHost} from '../../linux/openat2.ts';
import {imageBuildInvalid} from '../errors.ts';
import {copyFile} from './copy-file.ts';
import {MAX_SYMLINKS, makeDirectory} from './stage-path.ts';

/** A file or directory of the host, and where it goes in an image. */
export interface Addition {
  readonly from: string;
  readonly to: string;
}

/**
 * Copies files and directories of the host to places of a root file system: what is in a directory is added to what is there, a file takes the place of one. Set-user-ID
 * bits do not come along.
 * @throws RKT_IMAGE_BUILD_INVALID
 */
export const addFiles = (additions: readonly Addition[], root: string): void => {
  for (const {from, to} of additions) {
    try {
      const real = realpathSync(from);
      if (`${realpathSync(root)}/`.startsWith(real === '/' ? real : `${real}/`))
        throw imageBuildInvalid(`${from} is where the image is made: add directories below it`);
      const stats = statSync(real);
      if (!stats.isDirectory() && !stats.isFile()) throw imageBuildInvalid(`${from} is neither a file nor a directory`);
      add(real, posix.resolve('/', to), root);
    } catch (error) {
      const because = errnoText(error);
      throw because === undefined ? error : imageBuildInvalid(`${from} cannot be added: ${because}`, error);
    }
  }
};

const add = (from: string, to: string, root: string): void => {
  const found = look(from);
  if (found === undefined) return;
  if ('names' in found) {
    directoryIn(root, to);
    for (const name of found.names.sort()) add(join(from, name), join(to, name), root);
    return;
  }
  const copy = `${directoryIn(root, dirname(to))}/${posix.basename(to)}`;
  if (lstatSync(copy, {throwIfNoEntry: false})?.isDirectory())
    throw imageBuildInvalid(`${to} is a directory, and ${from} is none`);
  rmSync(copy, {force: true});
  if ('link' in found) symlinkSync(found.link, copy);
  else if (!copyFile(from, copy)) throw imageBuildInvalid(`${from} is neither a file nor a directory`);
};

/** What is there, by one look at it: its owner may be changing it, and a symlink that has come into the path meanwhile leads nowhere (S05). `undefined`: a socket. */
const look = (path: string): {names: string[]} | {link: string} | {other: true} | undefined => {
  using entry = openHost(path, O_PATH | constants.O_NOFOLLOW, {noSymlinks: true});
  const stats = fstatSync(entry.number);
  if (stats.isSocket()) return undefined;
  if (stats.isDirectory()) return {names: readdirSync(entry.path)};
  return stats.isSymbolicLink() ? {link: readSymlink(entry)} : {other: true};
};

/** A directory of a root file system, made if it is not there; symlinks lead to where they lead for who lives in it. */
const directoryIn = (root: string, path: string): string => {
  let current = '/';
  const parts = path.split('/');
  for (let links = 0; parts.length > 0; ) {
    const part = parts.shift() ?? '';
    const next = join(current, part);
    const at = join(root, next);
    const stats = lstatSync(at, {throwIfNoEntry: false});
    if (stats?.isSymbolicLink()) {
      if (++links > MAX_SYMLINKS) throw imageBuildInvalid(`${path} leads in a circle`);
      const to = readlinkSync(at);
      parts.unshift(...to.split('/'));
      if (to.startsWith('/')) current = '/';
      continue;
    }
    if (stats === undefined) makeDirectory(at);
    else if (!stats.isDirectory())
      throw imageBuildInvalid(`${next} is no directory, and something is to be added below it`);
    current = next;
  }
  return join(root, current);
};
