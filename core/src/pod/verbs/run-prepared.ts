import type {HostPath, Uuid} from '../../contract/names.ts';
import {foundBefore} from '../../executor/terminal-mark.ts';
import {refuseDamagedLayers} from '../../image/damage.ts';
import {holdImages, type ImageStore, openStore} from '../../image/store.ts';
import {requireStdio} from '../../linux/require-stdio.ts';
import type {Settings} from '../../settings.ts';
import type {RuleName} from '../../stage1/choice/flavor-choice.ts';
import {findPolicyFiles} from '../../stage1/policy/find-policy-files.ts';
import {asFound, foundImages} from '../compose/as-found.ts';
import type {PlanChange} from '../compose/compare-plans.ts';
import {podNotInState, podUnknown, podWeaker} from '../errors.ts';
import type {PreparedRequest, RunRequest} from '../request.ts';
import {findUuid, locatePod} from '../state/find.ts';
import {retirePod} from '../state/give-up.ts';
import {claim} from '../state/life-cycle.ts';
import type {PodEntry} from '../state/load.ts';
import {Place} from '../state/place.ts';
import {requireStored, writeStored} from '../state/stored.ts';
import {withPod} from '../state/with-pod.ts';
import {checkSockets} from './check-sockets.ts';
import {launch} from './launch.ts';
import {ownTerminal} from './own-terminal.ts';
import {type PlannedPrepared, planPrepared} from './plan-prepared.ts';
import {requireTerminal} from './require-terminal.ts';
import {tellNetwork} from './tell-network.ts';
import {tellReadiness} from './tell-readiness.ts';
import {tellUnproved} from './tell-unproved.ts';
import {writeUuidFile} from './write-uuid-file.ts';

/**
 * Becomes a pod that has been prepared. Whatever can be wrong with the options, the flavor or the host is found before the pod is claimed, and leaves it
 * prepared; after that there is no way back, and a pod that could not be launched ends in `exited-garbage`.
 * @param tell told what another flavor changes, before the pod starts
 */
export const runPrepared = async (
  settings: Settings,
  text: string,
  run: RunRequest,
  request: PreparedRequest,
  tell: (change: PlanChange) => void,
): Promise<never> => {
  requireStdio();
  const uuid = findUuid(settings.dataDir, text);
  const store = openStore(settings.dataDir);
  const asked = request.stage1 === undefined ? request : await takeFlavor(settings, store, request);
  // Who removes or replaces what is damaged of an image finds the pod where it waits, or where it runs, with its images and that of its flavor.
  using images = holdImages(store);
  const planned = await withPod(settings.dataDir, uuid, async (entry) => {
    if (entry.directory !== 'prepared') throw podNotInState(entry.uuid, entry.state, 'prepared');
    const {apps, stage1} = requireStored(entry.path, 'frozen');
    // With a flavor that is asked for now, its own image takes the place of that one.
    refuseDamagedLayers(store, stage1 === undefined || asked.stage1 !== undefined ? {apps} : {apps, stage1});
    const ruleless = await planPrepared(settings, entry, run, asked);
    const planned = restrictedBy(ruleless, await checkPolicy(settings, entry, ruleless));
    refuseWeaker(entry, planned);
    if (planned.summary.flavor.supervises) checkSockets(planned.pod, planned.facts);
    requireTerminal(planned.pod);
    const found = foundImages(asked, [], planned.pod.stage1);
    if (!asked.readOnce) await ownTerminal(planned, {found, release: () => images.close()});
    if (planned.other !== undefined) tell(planned.other.change);
    tellNetwork(settings, run, planned.pod);
    tellReadiness(settings, planned.report);
    tellUnproved(settings, planned.pod, planned.report);
    const flavor = planned.other?.found;
    if (flavor !== undefined && flavor.own !== true)
      (await import('../../stage1/load/keep-flavor.ts')).keepFlavor(settings.dataDir, flavor);
    const {idMap} = planned.pod;
    if (idMap !== undefined) (await import('../state/id-ranges.ts')).keepRange(settings.dataDir, uuid, idMap);
    return planned;
  });
  using place = new Place(settings.dataDir, uuid, 'prepared');
  try {
    if (place.perform(claim()) !== 'done') throw takenByAnother(settings.dataDir, uuid);
    if (run.uuidFileSave !== undefined) writeUuidFile(run.uuidFileSave, uuid);
    if (planned.fresh) {
      writeStored(place.path, 'frozen', planned.pod);
      writeStored(place.path, 'report', planned.report);
      writeStored(place.path, 'facts', planned.facts);
      writeStored(place.path, 'plan', planned.plan);
      if (planned.other !== undefined) writeStored(place.path, 'summary', planned.summary);
    }
    images.close();
    return await launch(place, planned, settings);
  } catch (error) {
    throw retirePod(place, error);
  }
};

/** Before it could be claimed. */
const takenByAnother = (dataDir: HostPath, uuid: Uuid) => {
  const directory = locatePod(dataDir, uuid);
  return directory === undefined || directory === 'garbage'
    ? podUnknown(uuid)
    : podNotInState(uuid, 'taken by another rkt', 'prepared');
};

const takeFlavor = async (
  settings: Settings,
  store: ImageStore,
  request: PreparedRequest,
): Promise<PreparedRequest> => {
  const {takeStream} = await import('../compose/take-streams.ts');
  const taken = await takeStream(settings, request);
  const before = foundBefore();
  return before === undefined ? taken : asFound(taken, before, store);
};

/** Costs one readdir for each layer of the configuration while there is no policy. Returns the rules that restrict which flavor may run the pod. */
const checkPolicy = async (
  settings: Settings,
  {path}: PodEntry,
  {pod, facts, summary, other, allowDegraded}: PlannedPrepared,
): Promise<readonly RuleName[]> => {
  const files = findPolicyFiles(settings);
  if (files.length === 0) return [];
  const [{pinnedFlavor}, {checkPrepared}] = await Promise.all([
    import('../../stage1/choice/choose-flavor.ts'),
    import('../compose/check-prepared.ts'),
  ]);
  const found = other?.found ?? (await pinnedFlavor(settings, summary.flavor));
  const {accepted = [], pod: asked} = requireStored(path, 'request');
  const manifest = requireStored(path, 'manifest');
  return checkPrepared(settings, files, {found, facts, manifest, asked, pod, allowDegraded, accepted});
};

/** Of another flavor it is kept under which rules it was chosen now, not under which the first one was. */
const restrictedBy = (planned: PlannedPrepared, restrictions: readonly RuleName[]): PlannedPrepared => {
  const {other, summary} = planned;
  if (other === undefined || restrictions.length === 0) return planned;
  return {...planned, summary: {...summary, choice: {by: 'asked', ...summary.choice, restrictions}}};
};

/** @throws RKT_POD_WEAKER if another flavor gives the pod less than it was prepared with, and nobody said that it may */
const refuseWeaker = ({uuid}: PodEntry, {other, allowDegraded}: PlannedPrepared): void => {
  if (other === undefined) return;
  const {losses, from, to} = other.change;
  const refused = losses.filter(({name}) => !allowDegraded.includes(name));
  if (refused.length > 0) throw podWeaker(uuid, from.name, to.name, refused);
};
