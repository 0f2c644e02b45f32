import type {Declaration} from '../../contract/declaration.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {EnforcementReport, Plan, ReportEntry} from '../../contract/plan.ts';
import type {Pod} from '../../contract/pod.ts';
import {checkedOnce} from '../checked-once.ts';
import {flavorCannot} from '../errors.ts';
import type {FoundFlavor} from '../load/find.ts';
import {checkIpc} from './check-ipc.ts';
import {checkLiveness} from './check-liveness.ts';
import {checkPids} from './check-pids.ts';
import {draftPlan} from './draft-plan.ts';
import {findingsOf} from './findings-of.ts';
import {negotiate} from './negotiate.ts';

export interface PlannedPod {
  /** As negotiated: without what it was allowed to lose. */
  readonly pod: Pod;
  readonly report: EnforcementReport;
  readonly plan: Plan;
}

/**
 * What a flavor makes of a pod on this host. Changes nothing of the host's.
 * @throws RKT_FLAVOR_CANNOT, and what negotiating and drafting throw
 * @param checked where texts are remembered that have been checked
 */
export const planPod = async (
  found: FoundFlavor,
  asked: Pod,
  {
    facts,
    allowDegraded,
    checked,
    overlayObstacle,
  }: {facts: HostFacts; allowDegraded: readonly string[]; checked: string | undefined; overlayObstacle?: string},
): Promise<PlannedPod> => {
  const {flavor} = found;
  const streamed = withStreams(asked, facts);
  const findings = findingsOf(flavor, facts);
  const {pod, report} = negotiate({
    declaration: flavor.declaration,
    findings,
    pod: streamed,
    host: facts,
    allowDegraded,
  });
  refuseCopies(flavor.declaration, pod, overlayObstacle);
  const entries = [...report.entries, ...copies(pod, overlayObstacle)];
  const plan = draftPlan(found, pod, facts);
  const text = ownWords(pod, plan).reduce(
    // What no JSON has: else `.` and `.` around one would be `..`.
    (left, word) => left.replaceAll(word, '\n'),
    JSON.stringify([plan, pod.volumes, pod.network.prepared, pod.stage1?.tree]),
  );
  await checkedOnce(checked, 'plan', text, async () => (await import('./check-plan.ts')).checkPlan(plan, pod));
  checkLiveness(flavor.declaration, plan, pod);
  checkPids(plan, facts);
  checkIpc(flavor.declaration, plan, pod, facts);
  return {pod, report: {...report, entries}, plan};
};

/** Like pods of one image differ in nothing but these; a machine-id has no hyphens. */
const ownWords = ({uuid, idMap}: Pod, {launch}: Plan): string[] => [
  uuid,
  uuid.replaceAll('-', ''),
  ...(idMap === undefined ? [] : [`${idMap.base}`]),
  ...(isOfPod(launch.process.uid) ? [`${launch.process.uid}`] : []),
];

/** Whether a user whom a flavor may have made of the pod's UUID: above all ranges of ids, and of ten digits, so that no rule tells one from another. */
const isOfPod = (uid: number): boolean => uid >= 0x7000_0000 && uid <= 0x7fff_ffff;

/** What rkt's caller gave the apps as a standard stream they may open again. */
const withStreams = (pod: Pod, {streamDevices = []}: HostFacts): Pod =>
  pod.devices === undefined ? pod : {...pod, devices: [...pod.devices, ...streamDevices]};

/** A machine has the layers of images as disks. */
const refuseCopies = ({name: flavor, stage1Image}: Declaration, {apps}: Pod, obstacle: string | undefined): void => {
  const copied = stage1Image?.machine === undefined ? [] : apps.filter(({rootfs}) => rootfs.kind === 'copy');
  if (copied.length === 0) return;
  const because = `its machine has the image as a disk, and no copy of the files for this pod: ${obstacle ?? 'leave --no-overlay out'}`;
  const problem = {kind: 'feature', name: 'rootfs/overlay', because, degradable: false} as const;
  throw flavorCannot(
    flavor,
    copied.map(({name: app}) => ({...problem, app})),
  );
};

/** Whoever asked for nothing learns that layers are not shared, and why. */
const copies = ({apps}: Pod, obstacle: string | undefined): ReportEntry[] =>
  apps
    .filter(({rootfs}) => rootfs.kind === 'copy')
    .map(({name}) => ({
      kind: 'feature',
      name: 'rootfs/overlay',
      app: name,
      origin: obstacle === undefined ? 'asked' : 'default',
      verdict: 'modified',
      value: 'copy',
      how: `a copy of the image's files for this pod${obstacle === undefined ? ', as asked for' : `: ${obstacle}`}`,
    }));
