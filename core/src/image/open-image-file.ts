import {fstatSync} from 'node:fs';
import type {HostPath} from '../contract/names.ts';
import {errnoText} from '../linux/errno-text.ts';
import type {Fd} from '../linux/fd.ts';
import {openGiven} from '../linux/open-given.ts';
import {imageFileUnusable, imageReferenceInvalid} from './errors.ts';

/**
 * Opens a file that was named as an image.
 * @param text as typed, for messages
 * @throws RKT_IMAGE_FILE_UNUSABLE, RKT_IMAGE_REFERENCE_INVALID for a directory
 */
export const openImageFile = (text: string, path: HostPath): Fd => {
  try {
    const file = openGiven(path);
    if (!fstatSync(file.number).isDirectory()) return file;
    file.close();
  } catch (error) {
    const because = errnoText(error);
    if (because === undefined) throw error;
    throw imageFileUnusable(text, because, error);
  }
  throw imageReferenceInvalid(text, 'it is a directory; build an image of it with `rkt image build`');
};
