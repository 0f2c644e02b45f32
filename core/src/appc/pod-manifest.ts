import * as z from 'zod/mini';
import {annotations, userData} from './annotations.ts';
import {app} from './app.ts';
import {bounded} from './bounded.ts';
import {writtenImageId} from './image-id.ts';
import {isolatorList} from './isolators/list.ts';
import {labels} from './labels.ts';
import {MAX_MOUNTS} from './mount-points.ts';
import {acIdentifier, acKind, appName, volumeName} from './names.ts';
import {targetPath} from './paths.ts';
import {exposedPort} from './ports.ts';
import {RESTART_ANNOTATION, restartLimitOf, restartOf} from './restart.ts';
import {maybe} from './text.ts';
import {uniqueNames} from './unique.ts';
import {acVersion} from './version.ts';
import {volume} from './volumes.ts';

const mount = z.lazy(() =>
  z.strictObject({
    /** Key into the volumes of the pod, unless there is an `appVolume` (appc PO-07). */
    volume: volumeName,
    path: targetPath,
    appVolume: maybe(volume),
  }),
);
export type ManifestMount = z.infer<typeof mount>;

const podApp = z.lazy(() =>
  z.strictObject({
    name: appName,
    image: z.strictObject({id: writtenImageId, name: maybe(acIdentifier), labels: maybe(labels)}),
    /** Takes the place of the image's (appc PO-06). */
    app: maybe(app),
    /** Default false. */
    readOnlyRootFS: maybe(z.boolean()),
    mounts: maybe(z.array(mount).check(bounded(MAX_MOUNTS, 'mounts'))),
    annotations: maybe(
      annotations.check(
        z.refine(
          (list) => restartLimitOf(list) === undefined || restartOf(list) !== 'no',
          `${RESTART_ANNOTATION} beside the limit of restarts`,
        ),
      ),
    ),
  }),
);
export type PodApp = z.infer<typeof podApp>;

/**
 * The manifest of a pod, reified or not (appc 0.8.11, pods.md; PO-04 to PO-14). Unknown fields are refused; optional fields
 * may be `null`, which means absent.
 */
export const podManifest = z.lazy(() =>
  z.strictObject({
    acVersion,
    acKind: acKind('PodManifest'),
    apps: z.array(podApp).check(z.minLength(1, 'at least one app'), uniqueNames),
    volumes: maybe(z.array(volume).check(uniqueNames)),
    isolators: maybe(isolatorList('pod')),
    annotations: maybe(annotations),
    ports: maybe(z.array(exposedPort)),
    userAnnotations: maybe(userData),
    userLabels: maybe(userData),
  }),
);
export type PodManifest = z.infer<typeof podManifest>;
