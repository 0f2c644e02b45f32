import {createReadStream, fstatSync} from 'node:fs';
import type {HostPath, ImageId} from '../contract/names.ts';
import type {InsecureOption} from '../settings.ts';
import {imageSignatureUnsupported, imageUnsigned} from './errors.ts';
import {findImage} from './find-image.ts';
import {openImageFile} from './open-image-file.ts';
import {checkPlatform} from './platform.ts';
import {parseReference} from './reference.ts';
import type {ImageStore} from './store.ts';

export interface FetchOptions {
  /** `never`: the store only. `new`: what is not there yet. `update`: look for a newer one. Files are always read. */
  readonly pullPolicy: 'never' | 'new' | 'update';
  readonly insecure: ReadonlySet<InsecureOption>;
  /** Detached signature of the archive. */
  readonly signature?: HostPath | undefined;
}

/**
 * Finds the image that was typed, taking it into the store first if it is a file. What is in the store has been checked when it came.
 * @throws RKT_IMAGE_REFERENCE_INVALID, RKT_IMAGE_SOURCE_UNSUPPORTED, RKT_IMAGE_FILE_UNUSABLE, RKT_IMAGE_NOT_FOUND, RKT_IMAGE_AMBIGUOUS, RKT_IMAGE_UNSIGNED,
 * RKT_IMAGE_SIGNATURE_UNSUPPORTED, RKT_IMAGE_FOREIGN and what `importImage` throws
 */
export const fetchImage = async (store: ImageStore, text: string, options: FetchOptions): Promise<ImageId> => {
  if (options.signature !== undefined) throw imageSignatureUnsupported(text, options.signature);
  const reference = parseReference(text);
  return reference.kind === 'file'
    ? fetchFile(store, text, reference.path, options)
    : findImage(store, reference, text);
};

const fetchFile = async (store: ImageStore, text: string, path: HostPath, options: FetchOptions): Promise<ImageId> => {
  using file = openImageFile(text, path);
  if (!options.insecure.has('image')) throw imageUnsigned(text);
  const {importImage} = await import('./import.ts');
  const regular = fstatSync(file.number).isFile();
  const source = regular ? file : createReadStream('', {fd: file.number, autoClose: false});
  // Awaited here: the file is closed at the end of this scope.
  return await importImage(store, source, {source: path, check: checkPlatform});
};
