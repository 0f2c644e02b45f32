import type {ImageManifest} from './image-manifest.ts';
import type {PodManifest} from './pod-manifest.ts';

/** Writes a manifest as JSON in one line, keys in their order. Reading it gives the same manifest again. */
export const serialize = (manifest: ImageManifest | PodManifest): string => JSON.stringify(manifest);
