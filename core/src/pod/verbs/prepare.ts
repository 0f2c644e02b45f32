import type {Uuid} from '../../contract/names.ts';
import {holdImages, openStore} from '../../image/store.ts';
import {fsyncDirectory, syncFileSystem} from '../../linux/fsync.ts';
import type {Settings} from '../../settings.ts';
import {keepFlavor} from '../../stage1/load/keep-flavor.ts';
import {type ComposedPod, compose} from '../compose/compose.ts';
import {fillPod} from '../compose/fill.ts';
import {takeStreams} from '../compose/take-streams.ts';
import {PLAIN_RUN, type PodRequest} from '../request.ts';
import {createPod} from '../state/create.ts';
import {podFault} from '../state/fault-points.ts';
import {giveUp} from '../state/give-up.ts';
import {podsDirectory} from '../state/layout.ts';
import {finishPreparing} from '../state/life-cycle.ts';
import {newUuid} from '../state/uuid.ts';
import {namePod} from './name-pod.ts';
import {tellUnproved} from './tell-unproved.ts';

/** Makes a pod that `run-prepared` can run, also after the machine has crashed. Returns its UUID. */
export const prepare = async (settings: Settings, asked: PodRequest): Promise<Uuid> => {
  const request = await takeStreams(settings, asked);
  const uuid = newUuid();
  using _images = holdImages(openStore(settings.dataDir));
  const composed = await compose(settings, request, PLAIN_RUN, uuid, {later: true});
  tellUnproved(settings, composed.pod, composed.report);
  using place = createPod(settings.dataDir, uuid);
  try {
    const {asked, imageHasHosts, overlayObstacle, askedByImages} = composed;
    namePod(place, request);
    if (!keepFlavor(settings.dataDir, composed.found)) tellNotKept(settings, composed.found);
    await fillPod(place, composed, request, {
      createdAt: Date.now(),
      request: {
        allowDegraded: composed.allowDegraded,
        pod: asked,
        imageHasHosts,
        properties: composed.found.flavor.declaration.properties,
        accepted: askedByImages
          .filter(({widens}) => widens.length > 0)
          .map(({app, image, name, widens}) => ({app, image, name, widens})),
        ...(overlayObstacle === undefined ? {} : {overlayObstacle}),
      },
    });
    syncFileSystem(place.lock);
    podFault('pod.synced');
    place.perform(finishPreparing('prepared'));
    fsyncDirectory(podsDirectory(settings.dataDir, 'prepared'));
  } catch (error) {
    throw giveUp(place, error);
  }
  return uuid;
};

const tellNotKept = ({note}: Settings, {flavor}: ComposedPod['found']): void =>
  note(
    `no copy is kept of flavor "${flavor.declaration.name}", whose package is too large: the pod is refused if that is another one when it is to run`,
  );
