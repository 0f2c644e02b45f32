import {CONTRACT_VERSION} from '../../contract/flavor.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {HostPath} from '../../contract/names.ts';
import type {Pod} from '../../contract/pod.ts';
import {refuseDamagedLayers} from '../../image/damage.ts';
import {openStore} from '../../image/store.ts';
import {requireStdio} from '../../linux/require-stdio.ts';
import {callersTerminal} from '../../linux/terminal.ts';
import type {Settings} from '../../settings.ts';
import {rememberedIn} from '../../stage1/choice/flavor-options.ts';
import {gatherHostFacts} from '../../stage1/facts/host-facts.ts';
import type {PlannedPod} from '../../stage1/negotiation/plan-pod.ts';
import {findPolicyFiles} from '../../stage1/policy/find-policy-files.ts';
import {applyRunRequest} from '../compose/apply-run-request.ts';
import {hostNames} from '../compose/host-names.ts';
import {fileDamaged, podNotInState} from '../errors.ts';
import type {RunRequest} from '../request.ts';
import {retirePod} from '../state/give-up.ts';
import {checkedDirectory, POD_FILES} from '../state/layout.ts';
import {claim} from '../state/life-cycle.ts';
import type {PodEntry} from '../state/load.ts';
import {Place} from '../state/place.ts';
import {requireStored, writeStored} from '../state/stored.ts';
import {withPod} from '../state/with-pod.ts';
import {checkSockets} from './check-sockets.ts';
import {launch} from './launch.ts';
import {requireTerminal} from './require-terminal.ts';
import {tellNetwork} from './tell-network.ts';
import {tellReadiness} from './tell-readiness.ts';
import {tellUnproved} from './tell-unproved.ts';
import {writeUuidFile} from './write-uuid-file.ts';

/**
 * Becomes a pod that has been prepared. Whatever can be wrong with the options or the host is found before the pod is claimed, and leaves it
 * prepared; after that there is no way back, and a pod that could not be launched ends in `exited-garbage`.
 */
export const runPrepared = async (settings: Settings, text: string, run: RunRequest): Promise<never> => {
  requireStdio();
  const {uuid, planned, now} = await withPod(settings.dataDir, text, async (entry) => {
    if (entry.directory !== 'prepared') throw podNotInState(entry.uuid, entry.state, 'prepared');
    const before = requireStored(entry.path, 'facts');
    const frozen = requireStored(entry.path, 'frozen');
    refuseDamagedLayers(openStore(settings.dataDir), frozen);
    const {stage1} = frozen;
    const now = await factsNow(settings, entry, before, stage1?.tree);
    const planned = (await planAgain(settings, entry, run, {before, now})) ?? storedPlan(entry);
    await checkPolicy(settings, entry, planned.pod, now);
    if (entry.summary?.flavor.supervises) checkSockets(planned.pod, now);
    requireTerminal(planned.pod);
    tellNetwork(settings, run, planned.pod);
    tellReadiness(settings, planned.report);
    tellUnproved(settings, planned.pod, planned.report);
    return {uuid: entry.uuid, planned, now};
  });
  using place = new Place(settings.dataDir, uuid, 'prepared');
  try {
    if (place.perform(claim()) !== 'done') throw podNotInState(uuid, 'taken by another rkt', 'prepared');
    if (run.uuidFileSave !== undefined) writeUuidFile(run.uuidFileSave, uuid);
    const {idMap} = planned.pod;
    if (idMap !== undefined) (await import('../state/id-ranges.ts')).keepRange(settings.dataDir, uuid, idMap);
    if (planned.fresh) {
      writeStored(place.path, 'frozen', planned.pod);
      writeStored(place.path, 'report', planned.report);
      writeStored(place.path, 'facts', now);
      writeStored(place.path, 'plan', planned.plan);
    }
    return await launch(place, {...planned, facts: now}, settings);
  } catch (error) {
    throw retirePod(place, error);
  }
};

const factsNow = async (
  settings: Settings,
  {summary}: PodEntry,
  before: HostFacts,
  tree: HostPath | undefined,
): Promise<HostFacts> => {
  const cacheDir = rememberedIn(settings);
  const facts = gatherHostFacts(Object.keys(before.programs), tree, cacheDir);
  if (before.accelerator === undefined || summary === undefined) return facts;
  const [{pinnedFlavor}, {withAccelerator}] = await Promise.all([
    import('../../stage1/choice/choose-flavor.ts'),
    import('../../stage1/facts/accelerator.ts'),
  ]);
  const {flavor} = await pinnedFlavor(settings, summary.flavor);
  return withAccelerator(settings, flavor.declaration, facts, {tree, cacheDir});
};

/** Costs one readdir for each layer of the configuration while there is no policy. */
const checkPolicy = async (
  settings: Settings,
  {path, summary}: PodEntry,
  pod: Pod,
  facts: HostFacts,
): Promise<void> => {
  const files = findPolicyFiles(settings);
  if (files.length === 0 || summary === undefined) return;
  const [{pinnedFlavor}, {checkPrepared}] = await Promise.all([
    import('../../stage1/choice/choose-flavor.ts'),
    import('../compose/check-prepared.ts'),
  ]);
  const found = await pinnedFlavor(settings, summary.flavor);
  const {allowDegraded, accepted = [], pod: asked} = requireStored(path, 'request');
  const manifest = requireStored(path, 'manifest');
  await checkPrepared(settings, files, {found, facts, manifest, asked, pod, allowDegraded, accepted});
};

type Planned = Pick<PlannedPod, 'pod' | 'plan' | 'report'> & {readonly fresh: boolean};

const storedPlan = ({path}: PodEntry): Planned => ({
  pod: requireStored(path, 'frozen'),
  plan: requireStored(path, 'plan'),
  report: requireStored(path, 'report'),
  fresh: false,
});

/** A new plan by the very flavor the pod was prepared with, if options or the host ask for one; `undefined`: the stored one is still right. */
const planAgain = async (
  settings: Settings,
  {path, summary}: PodEntry,
  run: RunRequest,
  facts: {readonly before: HostFacts; readonly now: HostFacts},
): Promise<Planned | undefined> => {
  const sameHost = JSON.stringify(facts.before) === JSON.stringify(facts.now);
  const sameContract = requireStored(path, 'plan').contract === CONTRACT_VERSION;
  if (summary === undefined) throw fileDamaged(path, POD_FILES.summary, 'it is missing');
  if (sameHost && sameContract && isDefault(run) && !settings.debug) return undefined;
  const [{pinnedFlavor}, {planPod}] = await Promise.all([
    import('../../stage1/choice/choose-flavor.ts'),
    import('../../stage1/negotiation/plan-pod.ts'),
  ]);
  const found = await pinnedFlavor(settings, summary.flavor);
  const {pod, allowDegraded, imageHasHosts, overlayObstacle} = requireStored(path, 'request');
  const asked = applyRunRequest(pod, {
    run,
    declaration: found.flavor.declaration,
    debug: settings.debug,
    host: hostNames,
    terminal: callersTerminal(),
    imageHasHosts,
  });
  const planned = await planPod(found, asked, {
    facts: facts.now,
    checked: checkedDirectory(settings.dataDir),
    allowDegraded,
    ...(overlayObstacle === undefined ? {} : {overlayObstacle}),
  });
  return {...planned, fresh: true};
};

const isDefault = ({
  net,
  interactive,
  dns,
  dnsSearch,
  dnsOpt,
  dnsDomain,
  hostsEntries,
  hostname,
  ipc,
  mdsRegister,
}: RunRequest) =>
  [net, dnsDomain, hostname].every((value) => value === undefined) &&
  [dns, dnsSearch, dnsOpt, hostsEntries].every(({length}) => length === 0) &&
  !interactive &&
  !mdsRegister &&
  ipc === 'auto';
