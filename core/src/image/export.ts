import {createHash, randomBytes} from 'node:crypto';
import {closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import type {ImageId} from '../contract/names.ts';
import {renameNoReplace} from '../linux/rename.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {imageDamaged, imageOutputExists} from './errors.ts';
import {rebuildArchive} from './rebuild.ts';
import type {ImageStore} from './store.ts';

/**
 * Writes the archive of an image, uncompressed and byte for byte as it was imported: its ID is the image's. The file appears when it is whole.
 * @throws RKT_IMAGE_OUTPUT_EXISTS, RKT_IMAGE_DAMAGED
 */
export const exportImage = async (
  store: ImageStore,
  id: ImageId,
  output: string,
  {overwrite = false}: {overwrite?: boolean} = {},
): Promise<void> => {
  if (!overwrite && existsSync(output)) throw imageOutputExists(output);
  const temporary = join(dirname(output), `.${basename(output)}.${randomBytes(6).toString('hex')}`);
  const file = openSync(temporary, 'wx', 0o644);
  try {
    const hash = createHash('sha512');
    await rebuildArchive(store, id, {
      bytes: (bytes) => {
        hash.update(bytes);
        for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      },
    });
    if (`sha512-${hash.digest('hex')}` !== id) throw imageDamaged(id, 'its archive has another digest');
    fsyncSync(file);
    if (overwrite) renameSync(temporary, output);
    else renameNoReplace(temporary, output);
  } catch (error) {
    rmSync(temporary, {force: true});
    if (isErrno(error, 'EEXIST')) throw imageOutputExists(output);
    throw error;
  } finally {
    closeSync(file);
  }
};
