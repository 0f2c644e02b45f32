import {RktError} from '../rkt-error.ts';
import {checkPodManifest} from './check-pod-manifest.ts';
import {imageManifestInvalid, podManifestInvalid} from './errors.ts';
import type {ImageManifest} from './image-manifest.ts';
import {parseJson} from './json.ts';
import {jsonFault} from './json-fault.ts';
import {checkImageManifest} from './parse-image-manifest.ts';
import type {PodManifest} from './pod-manifest.ts';

const BRACE = '{'.charCodeAt(0);
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** Reads JSON or YAML that an operator wrote. What begins with `{` is JSON and nothing else, so that no text has two meanings (S23). */
export const readDocument = async (bytes: Uint8Array): Promise<unknown> => {
  if (bytes.find((byte) => !isSpace(byte)) === BRACE) return parseJson(bytes);
  const {parseYaml} = await import('./yaml.ts');
  return parseYaml(bytes);
};

/** Reads a pod manifest in JSON or YAML; throws `RKT_POD_MANIFEST_INVALID`. */
export const readPodManifest = async (bytes: Uint8Array): Promise<PodManifest> =>
  checkPodManifest(await readOr(bytes, podManifestInvalid));

/** Reads an image manifest in JSON or YAML; throws `RKT_IMAGE_MANIFEST_INVALID`. */
export const readImageManifest = async (bytes: Uint8Array): Promise<ImageManifest> =>
  checkImageManifest(await readOr(bytes, imageManifestInvalid));

const readOr = async (bytes: Uint8Array, invalid: typeof podManifestInvalid): Promise<unknown> => {
  try {
    return await readDocument(bytes);
  } catch (error) {
    throw error instanceof RktError ? invalid(jsonFault(error), error) : error;
  }
};
