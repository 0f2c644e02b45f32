import * as z from 'zod/mini';
import {imageId} from './image-id.ts';
import {labels} from './labels.ts';
import {acIdentifier} from './names.ts';
import {maybe} from './text.ts';

const dependency = z.lazy(() =>
  z.strictObject({
    imageName: acIdentifier,
    /** When given, the image found must have it (appc IM-26). */
    imageID: maybe(imageId),
    labels: maybe(labels),
    /** Bytes of the archive; when given and not 0, what is fetched must have it (appc IM-27). */
    size: maybe(z.int('a number of bytes').check(z.minimum(0, 'a number of bytes'))),
  }),
);
export type Dependency = z.infer<typeof dependency>;

/** The images below this one, in order (appc EX-03). */
export const dependencies = z.lazy(() => z.array(dependency));
