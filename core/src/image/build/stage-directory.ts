import {lstatSync, readdirSync, readlinkSync, realpathSync, statSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {isOwn} from '../../linux/is-own.ts';
import {imageBuildInvalid} from '../errors.ts';
import {copyFile} from './copy-file.ts';
import {refuseSecret} from './refuse-secret.ts';
import {isThere, makeDirectory, stagePath} from './stage-path.ts';

/**
 * Copies all that is below a directory of the host, which has no symlink in its own path, to the same place of a root file system. Symlinks stay symlinks, and bring
 * the file that they lead to; one that somebody else can change brings nothing from outside that not everybody may read. Returns the files.
 * @throws RKT_IMAGE_BUILD_INVALID
 */
export const stageDirectory = (directory: string, target: string): string[] => {
  if (`${realpathSync(target)}/`.startsWith(directory === '/' ? directory : `${directory}/`))
    throw imageBuildInvalid(`${directory} is where the image is made: give directories below it`);
  const files: string[] = [];
  const walk = (at: string): void => {
    for (const name of readdirSync(at).sort()) {
      const path = join(at, name);
      const copy = join(target, path);
      const stats = lstatSync(path);
      if (stats.isDirectory()) {
        if (!isThere(copy)) makeDirectory(copy);
        walk(path);
      } else if (stats.isSymbolicLink()) {
        if (statSync(path, {throwIfNoEntry: false})?.isFile()) {
          const real = stagePath(path, target, path);
          if (!real.startsWith(`${directory}/`) && !isOwn(path)) refuseSecret(path, real);
          files.push(real);
        } else if (!isThere(copy)) symlinkSync(readlinkSync(path), copy);
      } else if (stats.isFile()) {
        if (isThere(copy) || copyFile(path, copy)) files.push(path);
      }
    }
  };
  walk(directory);
  return files;
};
