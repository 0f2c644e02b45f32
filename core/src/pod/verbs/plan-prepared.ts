import type {Declaration} from '../../contract/declaration.ts';
import {CONTRACT_VERSION} from '../../contract/flavor.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {HostPath, Uuid} from '../../contract/names.ts';
import type {Pod} from '../../contract/pod.ts';
import {callersTerminal} from '../../linux/terminal.ts';
import type {Settings} from '../../settings.ts';
import type {ChosenFlavor} from '../../stage1/choice/choose-flavor.ts';
import {isStrength} from '../../stage1/choice/strengths.ts';
import {gatherHostFacts} from '../../stage1/facts/host-facts.ts';
import {rememberedIn} from '../../stage1/facts/remembered-in.ts';
import type {FoundFlavor} from '../../stage1/load/find.ts';
import type {PlannedPod} from '../../stage1/negotiation/plan-pod.ts';
import {applyRunRequest} from '../compose/apply-run-request.ts';
import type {PlanChange} from '../compose/compare-plans.ts';
import {hostNames} from '../compose/host-names.ts';
import {fileDamaged, podFlavorFixed} from '../errors.ts';
import type {PreparedRequest, RunRequest} from '../request.ts';
import {checkedDirectory, POD_FILES} from '../state/layout.ts';
import type {PodEntry} from '../state/load.ts';
import {requireStored, type StoredForms} from '../state/stored.ts';
import type {Summary} from '../state/summary.ts';
import {isDefaultRun} from './is-default-run.ts';

/** How a prepared pod will run. */
export interface PlannedPrepared extends PlannedPod {
  readonly facts: HostFacts;
  readonly summary: Summary;
  /** Whether it differs from what is stored. */
  readonly fresh: boolean;
  /** What may be left out: by what has been stored, and by what was asked for now. */
  readonly allowDegraded: readonly string[];
  /** With a flavor that it was not prepared with. */
  readonly other?: {readonly found: FoundFlavor; readonly change: PlanChange};
}

/**
 * The plan of a prepared pod: with the flavor that was asked for now, else by the very one that it was prepared with; the stored one where neither options nor the host ask for another.
 * @throws RKT_POD_FLAVOR_FIXED, RKT_POD_NETWORK_PREPARED_INVALID, RKT_FLAVOR_REPLACED, what choosing a flavor and planning throw
 */
export const planPrepared = async (
  settings: Settings,
  entry: PodEntry,
  run: RunRequest,
  {stage1, allowDegraded}: PreparedRequest,
): Promise<PlannedPrepared> => {
  if (run.preparedNetwork !== undefined)
    (await import('../compose/check-prepared-network.ts')).checkPreparedNetwork(run.preparedNetwork);
  const {path, summary} = entry;
  if (summary === undefined) throw fileDamaged(path, POD_FILES.summary, 'it is missing');
  const stored = requireStored(path, 'request');
  const leave = {allowDegraded: [...new Set([...stored.allowDegraded, ...allowDegraded])]};
  if (stage1 !== undefined)
    return {...(await withOther(settings, entry, summary, {run, stage1, stored, ...leave})), ...leave};
  const before = requireStored(path, 'facts');
  const pod = requireStored(path, 'frozen');
  const facts = await factsNow(settings, summary, before, {tree: pod.stage1?.tree, noTemplate: run.noTemplate});
  const sameHost = JSON.stringify(before) === JSON.stringify(facts);
  const plan = requireStored(path, 'plan');
  if (
    sameHost &&
    plan.contract === CONTRACT_VERSION &&
    isDefaultRun(run) &&
    allowDegraded.length === 0 &&
    !settings.debug
  )
    return {pod, plan, report: requireStored(path, 'report'), facts, summary, fresh: false, ...leave};
  const {pinnedFlavor} = await import('../../stage1/choice/choose-flavor.ts');
  const found = await pinnedFlavor(settings, summary.flavor);
  const planned = await planWith(settings, found, {run, stored, facts, pod: stored.pod, ...leave});
  return {...planned, facts, summary, fresh: true, ...leave};
};

const factsNow = async (
  settings: Settings,
  {flavor: pinned}: Summary,
  before: HostFacts,
  {tree, noTemplate}: {readonly tree: HostPath | undefined; readonly noTemplate: boolean},
): Promise<HostFacts> => {
  const cacheDir = rememberedIn(settings);
  const facts = gatherHostFacts(Object.keys(before.programs), tree, cacheDir);
  if (before.accelerator === undefined) return facts;
  const [{pinnedFlavor}, {withAccelerator}, {withMachineFacts}] = await Promise.all([
    import('../../stage1/choice/choose-flavor.ts'),
    import('../../stage1/facts/accelerator.ts'),
    import('../compose/machine-facts.ts'),
  ]);
  const found = await pinnedFlavor(settings, pinned);
  const machine = await withAccelerator(settings, found.flavor.declaration, facts, {tree, cacheDir});
  return withMachineFacts(settings, found, machine, {tree, cacheDir, noTemplate});
};

interface Planning extends Pick<PreparedRequest, 'allowDegraded'> {
  readonly run: RunRequest;
  readonly stored: StoredForms['request'];
}

const planWith = async (
  settings: Settings,
  found: FoundFlavor,
  {run, stored, facts, pod, allowDegraded}: Planning & {readonly facts: HostFacts; readonly pod: Pod},
): Promise<PlannedPod> => {
  const {planPod} = await import('../../stage1/negotiation/plan-pod.ts');
  const {imageHasHosts, overlayObstacle} = stored;
  const asked = applyRunRequest(pod, {
    run,
    facts,
    declaration: found.flavor.declaration,
    debug: settings.debug,
    host: hostNames,
    terminal: callersTerminal(),
    imageHasHosts,
  });
  return planPod(found, asked, {
    facts,
    checked: checkedDirectory(settings.dataDir),
    allowDegraded: allowDegraded.filter((name) => !isStrength(name)),
    ...(overlayObstacle === undefined ? {} : {overlayObstacle}),
  });
};

const withOther = async (
  settings: Settings,
  {uuid, path}: PodEntry,
  summary: Summary,
  {stage1, ...planning}: Planning & {readonly stage1: string},
): Promise<Omit<PlannedPrepared, 'allowDegraded'>> => {
  const [{chooseFlavor}, {withFacts}, {withMachineFacts}, {describeFlavor}, {stage1Of}, {comparePlans}] =
    await Promise.all([
      import('../../stage1/choice/choose-flavor.ts'),
      import('../compose/with-facts.ts'),
      import('../compose/machine-facts.ts'),
      import('../compose/describe-flavor.ts'),
      import('../compose/summarize.ts'),
      import('../compose/compare-plans.ts'),
    ]);
  const {choice: _choice, ...chosen} = await chooseFlavor(settings, stage1);
  const cacheDir = rememberedIn(settings);
  const {found, facts: known} = await withFacts(settings, chosen, cacheDir);
  const machine = {tree: found.stage1?.tree, cacheDir, noTemplate: planning.run.noTemplate};
  const facts = await withMachineFacts(settings, found, known, machine);
  const {stored} = planning;
  refuseCopies(uuid, summary, found, stored.pod);
  const pod = await withFreeIds(settings.dataDir, uuid, withPrograms(stored.pod, found), requireStored(path, 'frozen'));
  const planned = await planWith(settings, found, {...planning, facts, pod});
  const before = {
    properties: stored.properties ?? STRONGEST,
    pod: requireStored(path, 'frozen'),
    report: requireStored(path, 'report'),
    plan: requireStored(path, 'plan'),
  };
  const {properties} = found.flavor.declaration;
  const change = comparePlans(before, {properties, ...planned}, planning.run);
  const {stage1: _, ...rest} = summary;
  const {from, losses} = change;
  const less = [...new Set(losses.map(({name}) => name))];
  const choice = {by: 'asked', instead: {flavor: from.name, version: from.version, less}} as const;
  return {
    ...planned,
    facts,
    summary: {...rest, flavor: describeFlavor(found), choice, ...stage1Of(planned.pod)},
    fresh: true,
    other: {found, change},
  };
};

/** Of a pod of which it is not known: nothing is given up unnoticed. */
const STRONGEST: Declaration['properties'] = ['own-ipc', 'own-kernel', 'own-network', 'own-pid', 'own-user-ids'];

const withPrograms = ({stage1: _, ...pod}: Pod, {stage1}: ChosenFlavor): Pod =>
  stage1 === undefined ? pod : {...pod, stage1};

/** A pod that was prepared without ids of its own has given back those that it asked for: another pod may have them. */
const withFreeIds = async (dataDir: HostPath, uuid: Uuid, pod: Pod, before: Pod): Promise<Pod> => {
  if (pod.idMap === undefined || before.idMap !== undefined) return pod;
  const {freeRange} = await import('../state/id-ranges.ts');
  return {...pod, idMap: freeRange(dataDir, uuid, pod.idMap)};
};

/** A stage1 made for rkt is copied with the files of its apps, to where another has nothing of its own; a machine has the layers of images as disks, and no copies. */
const refuseCopies = (uuid: string, {flavor}: Summary, found: FoundFlavor, {apps}: Pod): void => {
  const isForRkt = flavor.entrypoints !== undefined || found.entrypoints !== undefined;
  const isMachine = found.flavor.declaration.stage1Image?.machine !== undefined;
  if ((isForRkt || isMachine) && apps.some(({rootfs}) => rootfs.kind === 'copy'))
    throw podFlavorFixed(uuid, flavor.name, found.flavor.declaration.name);
};
