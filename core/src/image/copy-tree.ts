import {constants} from 'node:fs';
import {basename, dirname} from 'node:path';
import type {HostPath} from '../contract/names.ts';
import type {Fd} from '../linux/fd.ts';
import {O_PATH, openHost} from '../linux/openat2.ts';
import {extractionError} from './extraction-error.ts';
import {copy} from './sandbox.ts';
import {startTool} from './tool.ts';

/**
 * Copies a tree of the store, or a file, with owners, modes, times, xattrs, hard links and devices, sharing blocks where the file system can. `to` may be an empty
 * directory or not exist. For layers of an image take those of `layersOf(…, {flat: true})`. Nothing but rkt may be able to change either tree.
 * @param told what `to` is called where something is wrong with it
 * @throws RKT_IMAGE_EXTRACTION_FAILED, ENOSPC, EDQUOT
 */
export const copyTree = async (from: Fd, to: HostPath, told: string = to): Promise<void> => {
  using parent = openHost(dirname(to), O_PATH | constants.O_DIRECTORY);
  const failure = await startTool(copy(from, parent, basename(to)), 'ignore', 'ignore').ended;
  if (failure !== undefined) throw extractionError('cp', failure, told);
};
