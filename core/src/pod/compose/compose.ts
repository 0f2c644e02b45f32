import type {PodManifest} from '../../appc/pod-manifest.ts';
import type {Declaration} from '../../contract/declaration.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {HostPath, Uuid} from '../../contract/names.ts';
import type {Pod} from '../../contract/pod.ts';
import {checkPlatform} from '../../image/platform.ts';
import {callersTerminal} from '../../linux/terminal.ts';
import type {Settings} from '../../settings.ts';
import {checkedOnce} from '../../stage1/checked-once.ts';
import {type ChosenFlavor, chooseFlavor} from '../../stage1/choice/choose-flavor.ts';
import type {FlavorChoice} from '../../stage1/choice/flavor-choice.ts';
import {gatherHostFacts} from '../../stage1/facts/host-facts.ts';
import {rememberedIn} from '../../stage1/facts/remembered-in.ts';
import type {FoundFlavor} from '../../stage1/load/find.ts';
import {type PlannedPod, planPod} from '../../stage1/negotiation/plan-pod.ts';
import {findPolicyFiles} from '../../stage1/policy/find-policy-files.ts';
import {imageIsolatorRefused} from '../errors.ts';
import type {PodRequest, RunRequest} from '../request.ts';
import type {IdMap} from '../state/id-ranges.ts';
import {checkedDirectory} from '../state/layout.ts';
import type {ImageIsolator} from './asked-by-image.ts';
import {checkArguments} from './check-arguments.ts';
import type {ChosenForPod, Explanation} from './choose-for-pod.ts';
import {findImages, type PodImage} from './find-images.ts';
import {freeze} from './freeze.ts';
import {hostNames} from './host-names.ts';
import {imageIsolators} from './image-isolators.ts';
import {withMachineFacts} from './machine-facts.ts';
import {unmounted} from './mount-targets.ts';
import {notAccepted} from './not-accepted.ts';
import {overlayObstacle} from './overlay-support.ts';
import {checkManifest, reify} from './reify.ts';
import {withFacts} from './with-facts.ts';

export interface ComposedPod extends PlannedPod {
  readonly found: FoundFlavor;
  /** How it was chosen. */
  readonly choice: FlavorChoice;
  readonly facts: HostFacts;
  readonly manifest: PodManifest;
  readonly images: readonly PodImage[];
  /** Before negotiation. */
  readonly asked: Pod;
  readonly imageHasHosts: boolean;
  /** What only the images ask for. */
  readonly askedByImages: readonly ImageIsolator[];
  /** Those of them for which `run` refuses the pod. */
  readonly refused: readonly ImageIsolator[];
  readonly overlayObstacle?: string;
  /** Isolators and features that may be left out, as the operator or a rule allows. */
  readonly allowDegraded: readonly string[];
}

interface Options {
  /** How images are looked up. */
  readonly find?: typeof findImages;
  /** What has been checked need not be checked again. */
  readonly remember?: boolean;
  /** The pod is prepared: how it runs is said when it runs. */
  readonly later?: boolean;
  /** Told which flavors were considered, and why, before anything is refused. */
  readonly explain?: (explanation: Explanation) => void;
}

/**
 * From what the operator asked for to what will be done: images, manifest, pod, report and plan. Nothing of the pod is created yet, so that
 * whatever is wrong with it leaves nothing behind (appc EX-16). The caller holds the images.
 * `plan` takes no image into the store and leaves no trace; it shows what images ask for that is refused. Where there are policy files the flavor is chosen when the pod
 * is known, else first of all.
 * @throws RKT_IMAGE_ISOLATOR_REFUSED, RKT_IMAGE_FOREIGN, RKT_POD_NETWORK_PREPARED_INVALID, RKT_POLICY_…
 */
export const compose = async (
  settings: Settings,
  request: PodRequest,
  run: RunRequest,
  uuid: Uuid,
  {find = findImages, remember = true, later = false, explain}: Options = {},
): Promise<ComposedPod> => {
  if (run.preparedNetwork !== undefined)
    (await import('./check-prepared-network.ts')).checkPreparedNetwork(run.preparedNetwork);
  const pullPolicy = remember ? request.pullPolicy : 'stored';
  const policies = findPolicyFiles(settings);
  const isRuled = policies.length > 0 || explain !== undefined;
  const first = isRuled ? undefined : await firstChoice(settings, request.stage1, {remember, pullPolicy});
  const {filesystems, cpus, hardLimits, oomScoreAdj} = first?.facts ?? gatherHostFacts();
  const obstacle = request.noOverlay ? undefined : overlayObstacle(settings.dataDir, filesystems);
  const overlay = !request.noOverlay && obstacle === undefined;
  const images = await find(settings, request, !overlay);
  for (const image of images) checkPlatform(image.manifest, {hasToRun: true});
  const checked = remember ? checkedDirectory(settings.dataDir) : undefined;
  const manifest = await reify(request, images, process.env, (made) =>
    checkedOnce(checked, 'pod manifest', JSON.stringify(made), () => checkManifest(made)),
  );
  const ids = await idsFor(settings.dataDir, uuid, request.privateUsers, remember);
  try {
    const fromImages = await imageIsolators(request, images);
    const freezeWith = (features: Declaration['features'], stage1: ChosenFlavor['stage1']) =>
      freeze({
        uuid,
        ...(stage1 === undefined ? {} : {stage1}),
        dataDir: settings.dataDir,
        manifest,
        images,
        fromImages,
        requests: request.apps,
        run,
        idMap: ids?.map,
        ...(request.logSize === undefined ? {} : {logSize: request.logSize}),
        allowSymlinks: request.allowSymlinks,
        overlay,
        declaration: {features},
        facts: {cpus, hardLimits, oomScoreAdj},
        insecure: settings.insecure,
        debug: settings.debug,
        host: hostNames,
        terminal: callersTerminal(),
      });
    const chosen: Chosen =
      first ??
      (await (
        await import('./choose-for-pod.ts')
      ).chooseForPod(settings, request, {
        files: policies,
        manifest,
        images,
        freeze: (...flavor) => freezeWith(...flavor).pod,
        remember,
        pullPolicy,
        later,
        explain,
      }));
    const {found, choice, policy, allowDegraded = request.allowDegraded} = chosen;
    const cacheDir = remember ? rememberedIn(settings) : undefined;
    const machine = {tree: found.stage1?.tree, cacheDir, noTemplate: run.noTemplate};
    const facts = await withMachineFacts(settings, found, chosen.facts, machine);
    const {pod: asked, imageHasHosts, askedByImages} = freezeWith(found.flavor.declaration.features, found.stage1);
    checkArguments(asked.apps);
    for (const name of unmounted(asked))
      settings.note(`no app mounts the volume "${name}": --mount=volume=${name},target=PATH says where it is to be`);
    const refused = await notAccepted(settings, request, askedByImages, policy?.accept);
    if (remember && refused.length > 0) throw imageIsolatorRefused(refused);
    const because = obstacle === undefined ? {} : {overlayObstacle: obstacle};
    const planning = planPod(found, asked, {facts, allowDegraded, checked, ...because});
    const planned = await planning.catch((error: unknown) => {
      throw refused.length > 0 ? imageIsolatorRefused(refused) : error;
    });
    // It may be one of those that the operator allowed to be left out.
    if (planned.pod.idMap === undefined) ids?.release();
    return {
      found,
      choice,
      facts,
      manifest,
      images,
      asked,
      imageHasHosts,
      askedByImages: askedByImages.flat(),
      refused,
      allowDegraded,
      ...because,
      ...planned,
    };
  } catch (error) {
    ids?.release();
    throw error;
  }
};

interface Chosen extends Partial<Pick<ChosenForPod, 'policy' | 'allowDegraded'>> {
  readonly found: ChosenFlavor;
  readonly choice: FlavorChoice;
  readonly facts: HostFacts;
}

const firstChoice = async (
  settings: Settings,
  stage1: string | undefined,
  options: {remember: boolean; pullPolicy: PodRequest['pullPolicy'] | 'stored'},
): Promise<Chosen> => {
  const {choice, ...found} = await chooseFlavor(settings, stage1, options);
  return {...(await withFacts(settings, found, options.remember ? rememberedIn(settings) : undefined)), choice};
};

interface Ids {
  readonly map: IdMap;
  readonly release: () => void;
}

/** The pod's own ids. `plan` takes none. */
const idsFor = async (dataDir: HostPath, uuid: Uuid, wanted: boolean, claim: boolean): Promise<Ids | undefined> => {
  if (!wanted) return undefined;
  const {claimRange, likelyRange, releaseRange} = await import('../state/id-ranges.ts');
  if (!claim) return {map: likelyRange(uuid), release: () => {}};
  const map = claimRange(dataDir, uuid);
  return {map, release: () => releaseRange(dataDir, uuid, map)};
};
