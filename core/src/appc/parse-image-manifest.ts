import {RktError} from '../rkt-error.ts';
import {imageManifestInvalid} from './errors.ts';
import {firstFault} from './fault.ts';
import {type ImageManifest, imageManifest} from './image-manifest.ts';
import {parseJson} from './json.ts';
import {jsonFault} from './json-fault.ts';

/** Reads the `manifest` of an image; throws `RKT_IMAGE_MANIFEST_INVALID` with the first fault. */
export const parseImageManifest = (bytes: Uint8Array): ImageManifest => {
  let document: unknown;
  try {
    document = parseJson(bytes);
  } catch (error) {
    throw error instanceof RktError ? imageManifestInvalid(jsonFault(error), error) : error;
  }
  return checkImageManifest(document);
};

/** The same for a value that is already in memory. What comes back is `document` itself, so that nothing is lost. */
export const checkImageManifest = (document: unknown): ImageManifest => {
  const result = imageManifest.safeParse(document);
  if (!result.success) throw imageManifestInvalid(firstFault(result.error, document));
  return document as ImageManifest; // the schema transforms nothing, and its own output would reorder keys
};
