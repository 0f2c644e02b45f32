import {createHash, randomBytes} from 'node:crypto';
import {closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync} from 'node:fs';
import {dirname, join} from 'node:path';
import type {ImageId} from '../contract/names.ts';
import {renameNoReplace} from '../linux/rename.ts';
import {checkOutput, outputFault} from './check-output.ts';
import {imageDamaged} from './errors.ts';
import {rebuildArchive} from './rebuild.ts';
import type {ImageStore} from './store.ts';

/**
 * Writes the archive of an image, uncompressed and byte for byte as it was imported: its ID is the image's. The file appears when it is whole.
 * @throws RKT_IMAGE_OUTPUT_EXISTS, RKT_IMAGE_OUTPUT_UNUSABLE, RKT_IMAGE_DAMAGED
 */
export const exportImage = async (
  store: ImageStore,
  id: ImageId,
  output: string,
  {overwrite = false}: {overwrite?: boolean} = {},
): Promise<void> => {
  checkOutput(output, 'file', overwrite);
  const temporary = join(dirname(output), `.${randomBytes(12).toString('hex')}`);
  let file: number | undefined;
  try {
    const opened = openSync(temporary, 'wx', 0o644);
    file = opened;
    await streamImage(store, id, (bytes) => {
      for (let at = 0; at < bytes.length; ) at += writeSync(opened, bytes, at);
    });
    fsyncSync(file);
    if (overwrite) renameSync(temporary, output);
    else renameNoReplace(temporary, output);
  } catch (error) {
    if (file !== undefined) rmSync(temporary, {force: true});
    throw outputFault(output, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
};

/** The same for who takes the bytes as they come. That they are not what they were shows after the last. @throws RKT_IMAGE_DAMAGED */
export const streamImage = async (store: ImageStore, id: ImageId, take: (bytes: Uint8Array) => void): Promise<void> => {
  const hash = createHash('sha512');
  let failure: unknown;
  try {
    await rebuildArchive(store, id, {
      bytes: (bytes) => {
        hash.update(bytes);
        try {
          take(bytes);
        } catch (error) {
          failure = error;
          throw error;
        }
      },
    });
  } catch (error) {
    // What the taker cannot take is no damage of the image.
    throw failure ?? error;
  }
  if (`sha512-${hash.digest('hex')}` !== id) throw imageDamaged(id, 'its archive has another digest');
};
