import {constants} from 'node:fs';
import {basename, dirname} from 'node:path';
import type {HostPath} from '../contract/names.ts';
import type {Fd} from '../linux/fd.ts';
import {O_PATH, openHost} from '../linux/openat2.ts';
import {imageExtractionFailed} from './errors.ts';
import {copy} from './sandbox.ts';
import {startTool} from './tool.ts';

/**
 * Copies a tree of the store, or a file, with owners, modes, times, xattrs, hard links and devices, sharing blocks where the file system can. `to` may be an empty
 * directory or not exist. For layers of an image take those of `layersOf(…, {flat: true})`. Nothing but rkt may be able to change either tree.
 * @param messages path of a new file for what `cp` says
 * @throws RKT_IMAGE_EXTRACTION_FAILED
 */
export const copyTree = async (from: Fd, to: HostPath, messages: string): Promise<void> => {
  using parent = openHost(dirname(to), O_PATH | constants.O_DIRECTORY);
  const failure = await startTool(copy(from, parent, basename(to)), 'ignore', 'ignore', messages).ended;
  if (failure !== undefined) throw imageExtractionFailed(failure.status, failure.output);
};
