import {podManifestInvalid} from './errors.ts';
import {firstFault} from './fault.ts';
import {type PodManifest, podManifest} from './pod-manifest.ts';

/**
 * A document as a pod manifest. What comes back is `document` itself, so that nothing is lost. For bytes see `readPodManifest`.
 * @throws RKT_POD_MANIFEST_INVALID with the first fault
 */
export const checkPodManifest = (document: unknown): PodManifest => {
  const result = podManifest.safeParse(document);
  if (!result.success) throw podManifestInvalid(firstFault(result.error, document));
  return document as PodManifest; // the schema transforms nothing, and its own output would reorder keys
};
