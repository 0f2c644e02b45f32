import {type Annotation, findAnnotation} from './annotations.ts';

/** The annotation of an image, or of an app in a pod manifest, that says whether the app tells by itself when it is ready, as sd_notify(3) does (appc IM-30). */
export const NOTIFIES_ANNOTATION = 'appc.io/executor/supports-systemd-notify';

/** Whether an app does so. What is said of the app comes before what its image says. */
export const notifies = (
  app: readonly Annotation[] | null | undefined,
  image: readonly Annotation[] | null | undefined,
): boolean => (findAnnotation(app, NOTIFIES_ANNOTATION) ?? findAnnotation(image, NOTIFIES_ANNOTATION)) === 'true';
