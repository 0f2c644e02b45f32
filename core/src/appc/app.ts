import * as z from 'zod/mini';
import {userData} from './annotations.ts';
import {bounded} from './bounded.ts';
import {environment} from './environment.ts';
import {eventHandlers} from './event-handlers.ts';
import {id} from './ids.ts';
import {isolatorList} from './isolators/list.ts';
import {mountPoints} from './mount-points.ts';
import {rootfsPath} from './paths.ts';
import {ports} from './ports.ts';
import {maybe, nonEmptyText, text} from './text.ts';

/** Groups of a process besides its own, at most: systemd looks through all of them for each. */
const MAX_GROUPS = 1000;

const gids = () => maybe(z.array(id).check(bounded(MAX_GROUPS, 'supplementary groups')));

/** How an image is run, in the manifest of the image or, instead of that, of the pod (appc IM-15 to IM-25, PO-06). */
export const app = z.lazy(() =>
  z
    .strictObject({
      /** Empty or absent: the pod says what to run. */
      exec: maybe(z.array(text)),
      user: nonEmptyText,
      group: nonEmptyText,
      supplementaryGIDs: gids(),
      /** How the example in the specification spells it. */
      supplementaryGids: gids(),
      eventHandlers: maybe(eventHandlers),
      /** Default `/`. */
      workingDirectory: maybe(rootfsPath),
      environment: maybe(environment),
      isolators: maybe(isolatorList('app')),
      mountPoints: maybe(mountPoints),
      ports: maybe(ports),
      userAnnotations: maybe(userData),
      userLabels: maybe(userData),
    })
    .check(
      z.check((context) => {
        const {supplementaryGIDs, supplementaryGids} = context.value;
        if (supplementaryGIDs != null && supplementaryGids != null) {
          const message = 'either supplementaryGIDs or supplementaryGids';
          context.issues.push({code: 'custom', message, path: ['supplementaryGids'], input: supplementaryGids});
        }
      }),
    ),
);
export type ManifestApp = z.infer<typeof app>;

/** The supplementary groups of an app under either spelling (appc IM-17). */
export const supplementaryGids = (of: ManifestApp): readonly number[] =>
  of.supplementaryGIDs ?? of.supplementaryGids ?? [];
