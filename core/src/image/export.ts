import {createHash} from 'node:crypto';
import type {ImageId} from '../contract/names.ts';
import {outputMode} from '../linux/umask.ts';
import {startFile} from '../linux/unfinished-file.ts';
import {writeAll} from '../linux/write-all.ts';
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
  try {
    using file = startFile(output);
    await streamImage(store, id, (bytes) => writeAll(file.number, bytes));
    file.appear(outputMode(), {overwrite});
  } catch (error) {
    throw outputFault(output, error);
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
