import {type Stats, statSync} from 'node:fs';
import {dirname} from 'node:path';
import {errnoText} from '../linux/errno-text.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {imageOutputExists, imageOutputUnusable} from './errors.ts';

/**
 * Looks whether a result can be made at a path, before any work is done for it.
 * @throws RKT_IMAGE_OUTPUT_EXISTS, RKT_IMAGE_OUTPUT_UNUSABLE
 */
export const checkOutput = (path: string, kind: 'file' | 'directory', overwrite: boolean): void => {
  const directory = dirname(path);
  const parent = statOf(path, directory);
  if (parent === undefined) throw imageOutputUnusable(path, `the directory ${directory} does not exist`);
  if (!parent.isDirectory()) throw imageOutputUnusable(path, `${directory} is not a directory`);
  const found = statOf(path, path);
  if (found === undefined) return;
  // A rename would take the place of a device, and of a directory it cannot.
  if (kind === 'file' && !found.isFile()) throw imageOutputUnusable(path, 'it is there already, and is not a file');
  if (!overwrite) throw imageOutputExists(path);
  if (kind === 'directory' && !found.isDirectory())
    throw imageOutputUnusable(path, 'it is there already, and is not a directory');
};

/** What went wrong while a result was written to a path, as an error about that path; anything else as it is. */
export const outputFault = (path: string, error: unknown): unknown => {
  if (isErrno(error, 'EEXIST', 'ENOTEMPTY')) return imageOutputExists(path);
  const because = errnoText(error);
  return because === undefined ? error : imageOutputUnusable(path, because, error);
};

const statOf = (output: string, path: string): Stats | undefined => {
  try {
    return statSync(path, {throwIfNoEntry: false});
  } catch (error) {
    throw outputFault(output, error);
  }
};
