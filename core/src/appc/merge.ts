import type {Annotation} from './annotations.ts';
import type {ManifestApp} from './app.ts';
import {appSectionMissing} from './errors.ts';
import type {ImageManifest} from './image-manifest.ts';
import type {PodApp} from './pod-manifest.ts';

/** How an app is run: as the pod says, else as its image says (appc PO-06). */
export const effectiveApp = (
  podApp: Pick<PodApp, 'app' | 'name'>,
  image: Pick<ImageManifest, 'app' | 'name'>,
): ManifestApp => {
  const app = podApp.app ?? image.app;
  if (app == null) throw appSectionMissing(podApp.name, image.name);
  return app;
};

/** The annotations of an app: those of its image, and of the pod in their place (appc PO-08, EX-65). */
export const effectiveAnnotations = (
  podApp: readonly Annotation[] | null | undefined,
  image: readonly Annotation[] | null | undefined,
): Annotation[] => {
  const own = new Map((podApp ?? []).map((annotation) => [annotation.name, annotation]));
  const kept = (image ?? []).map((annotation) => own.get(annotation.name) ?? annotation);
  const names = new Set(kept.map(({name}) => name));
  return [...kept, ...(podApp ?? []).filter(({name}) => !names.has(name))];
};
