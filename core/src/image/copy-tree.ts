import type {HostPath} from '../contract/names.ts';
import {findProgram} from '../linux/programs.ts';
import {imageExtractionFailed, imageToolMissing} from './errors.ts';
import {startTool} from './tool.ts';

/**
 * Copies a tree of the store, with owners, modes, times, xattrs, hard links and devices, sharing blocks where the file system can. `to` may be an empty
 * directory or not exist. For layers of an image take those of `layersOf(…, {flat: true})`. Nothing but rkt may be able to change either tree.
 * @param messages path of a new file for what `cp` says
 * @throws RKT_IMAGE_EXTRACTION_FAILED
 */
export const copyTree = async (from: HostPath, to: HostPath, messages: string): Promise<void> => {
  const file = findProgram('cp');
  if (file === undefined) throw imageToolMissing('cp', 'coreutils');
  const args = ['--archive', '--reflink=auto', '--no-target-directory', '--', from, to];
  const failure = await startTool({file, args}, 'ignore', 'ignore', messages).ended;
  if (failure !== undefined) throw imageExtractionFailed(failure.status, failure.output);
};
