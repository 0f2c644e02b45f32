import * as z from 'zod/mini';
import {annotations} from './annotations.ts';
import {app} from './app.ts';
import {dependencies} from './dependencies.ts';
import {labels} from './labels.ts';
import {acIdentifier, acKind} from './names.ts';
import {rootfsPath} from './paths.ts';
import {maybe} from './text.ts';
import {acVersion} from './version.ts';

/**
 * The manifest of an image (appc 0.8.11, aci.md; IM-10 to IM-30). The specification extends a manifest by annotations only,
 * so unknown fields are refused. Optional fields may be `null`, which means absent.
 */
export const imageManifest = z.lazy(() =>
  z.strictObject({
    acKind: acKind('ImageManifest'),
    acVersion,
    name: acIdentifier,
    labels: maybe(labels),
    /** Absent: the image cannot be run by itself. */
    app: maybe(app),
    dependencies: maybe(dependencies),
    /** Empty or absent: every path stays (appc EX-04, IM-28). */
    pathWhitelist: maybe(z.array(rootfsPath)),
    annotations: maybe(annotations),
  }),
);
export type ImageManifest = z.infer<typeof imageManifest>;
