import {
  chmodSync,
  copyFileSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import {dirname, join, posix} from 'node:path';
import {errnoText} from '../../linux/errno-text.ts';
import {imageBuildInvalid} from '../errors.ts';
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
  const stats = lstatSync(from);
  if (stats.isSocket()) return;
  if (stats.isDirectory()) {
    directoryIn(root, to);
    for (const name of readdirSync(from).sort()) add(join(from, name), join(to, name), root);
    return;
  }
  const copy = `${directoryIn(root, dirname(to))}/${posix.basename(to)}`;
  if (lstatSync(copy, {throwIfNoEntry: false})?.isDirectory())
    throw imageBuildInvalid(`${to} is a directory, and ${from} is none`);
  rmSync(copy, {force: true});
  if (stats.isSymbolicLink()) symlinkSync(readlinkSync(from), copy);
  else if (stats.isFile()) {
    copyFileSync(from, copy);
    chmodSync(copy, stats.mode & 0o755);
  } else throw imageBuildInvalid(`${from} is neither a file nor a directory`);
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
