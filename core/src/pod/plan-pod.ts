import type {HostFacts} from '../contract/host.ts';
import type {EnforcementReport, Plan, ReportEntry} from '../contract/plan.ts';
import type {Pod} from '../contract/pod.ts';
import type {FoundFlavor} from '../stage1/find.ts';
import {makePlan} from '../stage1/make-plan.ts';
import {negotiate} from '../stage1/negotiate.ts';

export interface PlannedPod {
  /** As negotiated: without what it was allowed to lose. */
  readonly pod: Pod;
  readonly report: EnforcementReport;
  readonly plan: Plan;
}

/** What a flavor makes of a pod on this host. Changes nothing. */
export const planPod = (
  found: FoundFlavor,
  asked: Pod,
  {
    facts,
    allowDegraded,
    overlayObstacle,
  }: {facts: HostFacts; allowDegraded: readonly string[]; overlayObstacle?: string},
): PlannedPod => {
  const {flavor} = found;
  const findings = flavor.probe(facts);
  const {pod, report} = negotiate({declaration: flavor.declaration, findings, pod: asked, host: facts, allowDegraded});
  const entries = [...report.entries, ...copies(pod, overlayObstacle)];
  return {pod, report: {...report, entries}, plan: makePlan(found, pod, facts)};
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
