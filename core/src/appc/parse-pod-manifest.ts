import {RktError} from '../rkt-error.ts';
import {podManifestInvalid} from './errors.ts';
import {firstFault} from './fault.ts';
import {parseJson} from './json.ts';
import {jsonFault} from './json-fault.ts';
import {type PodManifest, podManifest} from './pod-manifest.ts';

/** Reads a pod manifest in JSON; throws `RKT_POD_MANIFEST_INVALID` with the first fault. For what an operator wrote see `readPodManifest`. */
export const parsePodManifest = (bytes: Uint8Array): PodManifest => {
  let document: unknown;
  try {
    document = parseJson(bytes);
  } catch (error) {
    throw error instanceof RktError ? podManifestInvalid(jsonFault(error), error) : error;
  }
  return checkPodManifest(document);
};

/** The same for a value that is already in memory. What comes back is `document` itself, so that nothing is lost. */
export const checkPodManifest = (document: unknown): PodManifest => {
  const result = podManifest.safeParse(document);
  if (!result.success) throw podManifestInvalid(firstFault(result.error, document));
  return document as PodManifest; // the schema transforms nothing, and its own output would reorder keys
};
