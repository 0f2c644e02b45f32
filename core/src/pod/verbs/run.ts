import {foundBefore} from '../../executor/terminal-mark.ts';
import {holdImages, openStore} from '../../image/store.ts';
import {requireStdio} from '../../linux/require-stdio.ts';
import type {Settings} from '../../settings.ts';
import {asFound, foundImages} from '../compose/as-found.ts';
import {compose} from '../compose/compose.ts';
import {fillPod} from '../compose/fill.ts';
import {takeStreams} from '../compose/take-streams.ts';
import type {PodRequest, RunRequest} from '../request.ts';
import {createPod} from '../state/create.ts';
import {giveUp} from '../state/give-up.ts';
import {finishPreparing} from '../state/life-cycle.ts';
import {newUuid} from '../state/uuid.ts';
import {checkSockets} from './check-sockets.ts';
import {launch} from './launch.ts';
import {namePod} from './name-pod.ts';
import {ownTerminal} from './own-terminal.ts';
import {requireTerminal} from './require-terminal.ts';
import {tellNetwork} from './tell-network.ts';
import {tellReadiness} from './tell-readiness.ts';
import {tellUnproved} from './tell-unproved.ts';
import {writeUuidFile} from './write-uuid-file.ts';

/** Becomes a pod: images, manifest, flavor and plan; then its directory; then everything in the plan; then `execve`. Leaves nothing behind when it fails. */
export const run = async (settings: Settings, asked: PodRequest, runRequest: RunRequest): Promise<never> => {
  requireStdio();
  const uuid = newUuid();
  const taken = await takeStreams(settings, asked);
  const store = openStore(settings.dataDir);
  using images = holdImages(store);
  const before = foundBefore();
  const request = before === undefined ? taken : asFound(taken, before, store);
  // What there is to say of that has been said.
  const telling = before !== undefined ? {...settings, note: () => {}, remark: () => {}} : settings;
  const composed = await compose(telling, request, runRequest, uuid);
  if (composed.found.flavor.appCgroup !== undefined) checkSockets(composed.pod, composed.facts);
  requireTerminal(composed.pod);
  const found = foundImages(request, composed.images, composed.pod.stage1);
  if (!request.readOnce) await ownTerminal(composed, {found, release: () => images.close()});
  tellNetwork(settings, runRequest, composed.pod);
  tellReadiness(settings, composed.report);
  tellUnproved(settings, composed.pod, composed.report);
  using place = createPod(settings.dataDir, uuid);
  try {
    // Early, as in rkt: by it the pod can be removed whatever happens.
    if (runRequest.uuidFileSave !== undefined) writeUuidFile(runRequest.uuidFileSave, uuid);
    namePod(place, request);
    if (composed.found.own !== true)
      (await import('../../stage1/load/keep-flavor.ts')).keepFlavor(settings.dataDir, composed.found);
    await fillPod(place, composed, request, {createdAt: Date.now()});
    place.perform(finishPreparing('run'));
    images.close();
    return await launch(place, composed, settings);
  } catch (error) {
    throw giveUp(place, error);
  }
};
