import type {Declaration, Feature} from '../../contract/declaration.ts';
import type {Finding, HostFacts} from '../../contract/host.ts';
import type {IsolatorMap, IsolatorName} from '../../contract/isolators.ts';
import type {EnforcementReport, ReportEntry} from '../../contract/plan.ts';
import type {Pod} from '../../contract/pod.ts';
import type {Support} from '../../contract/support.ts';
import {suggest} from '../../suggest.ts';
import {degradedUnknown, flavorCannot} from '../errors.ts';
import {DEVICE_POLICY, type Ids, NOTIFY, UNSAID, USER, type Wish, wishesOf} from '../wishes.ts';
import {degradableNames, degrade, isDegradable} from './degrade.ts';
import {refuseLacking} from './findings-of.ts';
import {idsBeyondHost, unmet, valueBeyondHost} from './host-can.ts';
import {limitPrivileges, makesNodes} from './limit-privileges.ts';
import {valueBeyondPod} from './pod-can.ts';

/** Why a pod cannot be run as asked. */
export interface Problem {
  readonly kind: Wish['kind'];
  readonly name: string;
  readonly app: string | null;
  readonly because: string;
  /** `--allow-degraded=NAME` would help. */
  readonly degradable: boolean;
}

interface Negotiation {
  readonly declaration: Declaration;
  readonly findings: readonly Finding[];
  readonly pod: Pod;
  readonly host: HostFacts;
  /** Names of isolators and features that may be left out. */
  readonly allowDegraded: readonly string[];
}

/**
 * Declaration × pod × host: the pod as the flavor will see it, without what it was allowed to lose, and the report of what was
 * enforced, modified or ignored (appc EX-33).
 * @throws RKT_FLAVOR_HOST_LACKS, RKT_DEGRADED_UNKNOWN, RKT_FLAVOR_CANNOT, RKT_CAPABILITIES_MISSING
 */
export const negotiate = ({
  declaration,
  findings,
  pod: asked,
  host,
  allowDegraded,
}: Negotiation): {pod: Pod; report: EnforcementReport} => {
  refuseLacking(declaration.name, findings);

  const entries: ReportEntry[] = [];
  const problems: Problem[] = [];
  const pod = limitPrivileges(asked, declaration, host, limitsDevices(declaration, host, allowDegraded));
  let negotiated = pod;
  const wishes = wishesOf(pod, host);
  refuseUnknown(allowDegraded, [...new Set([...degradableNames, ...wishes.map(({name}) => name)])]);
  for (const wish of wishes) {
    const support = withinPod(supportFor(wish, declaration, host), wish, pod, host);
    if (support.level !== 'impossible') {
      entries.push(entryFor(wish, support));
    } else if (UNSAID.includes(wish.name) && !Object.hasOwn(declaration.features, wish.name)) {
      entries.push(entryFor(wish, {level: 'not-applicable', consequence: 'this flavor does not say'}));
    } else if (wish.name === DEVICE_POLICY && !makesNodes(pod)) {
      negotiated = degrade(negotiated, wish.kind, wish.name, wish.app);
      const {consequence} = support;
      entries.push(entryFor(wish, {level: 'equivalent', mechanism: 'no app can make a device node', consequence}));
    } else if (wish.name === NOTIFY) {
      // The variable may be one that rkt has merely inherited: whoever runs the pod is told.
      entries.push(entryFor(wish, support));
    } else if (allowDegraded.includes(wish.name) && isDegradable(wish.kind, wish.name)) {
      negotiated = degrade(negotiated, wish.kind, wish.name, wish.app);
      entries.push(entryFor(wish, support));
    } else {
      const {kind, name, app} = wish;
      problems.push({kind, name, app, because: support.consequence, degradable: isDegradable(kind, name)});
    }
  }
  if (problems.length > 0) throw flavorCannot(declaration.name, problems);
  return {pod: negotiated, report: {flavor: declaration.name, entries}};
};

/** A slip in a name would leave out nothing, unnoticed until it matters. */
const refuseUnknown = (allowed: readonly string[], known: readonly string[]): void => {
  const name = allowed.find((each) => !known.includes(each));
  if (name !== undefined) throw degradedUnknown(name, suggest(name, known));
};

/** Whether the devices of a pod are limited, or the operator does not ask for that. */
const limitsDevices = (declaration: Declaration, host: HostFacts, allowDegraded: readonly string[]): boolean =>
  allowDegraded.includes(DEVICE_POLICY) ||
  supportFor({kind: 'feature', name: DEVICE_POLICY, value: null}, declaration, host).level !== 'impossible';

/** What the flavor promises for a wish on this host: an unmet requirement or a value out of reach makes it impossible. */
const supportFor = (
  {kind, name, value}: Pick<Wish, 'kind' | 'name' | 'value'>,
  declaration: Declaration,
  host: HostFacts,
): Support => {
  const declared: Readonly<Record<string, Support>> =
    kind === 'isolator' ? declaration.isolators : declaration.features;
  const support = Object.hasOwn(declared, name) ? declared[name] : undefined;
  if (support === undefined) return {level: 'impossible', consequence: 'this flavor does not know it'};
  if (support.level !== 'enforced' && support.level !== 'equivalent') return support;
  // Which user it is says more than that there are none.
  const ids = kind === 'feature' && name === USER ? idsBeyondHost(value as Ids, host) : undefined;
  if (ids !== undefined) return {level: 'impossible', consequence: ids};
  for (const requirement of support.requires ?? []) {
    const consequence = unmet(requirement, host);
    if (consequence !== undefined) return {level: 'impossible', consequence};
  }
  const beyond =
    kind === 'isolator' ? valueBeyondHost(name as IsolatorName, value as IsolatorMap[IsolatorName], host) : undefined;
  return beyond === undefined ? support : {level: 'impossible', consequence: beyond};
};

const withinPod = (support: Support, wish: Wish, pod: Pod, host: HostFacts): Support => {
  const beyond =
    support.level === 'impossible' ? undefined : (valueBeyondPod(wish, pod) ?? ownerBeyondHost(wish, pod, host));
  return beyond === undefined ? support : {level: 'impossible', consequence: beyond};
};

/** Of a volume that is made for the pod. */
const ownerBeyondHost = ({kind, name, value}: Wish, {volumes}: Pod, host: HostFacts): string | undefined => {
  if (kind !== 'feature' || name !== ('volume/empty' satisfies Feature)) return undefined;
  const volume = volumes.find((each) => each.name === value);
  return volume?.kind === 'empty' ? idsBeyondHost({uid: volume.uid, gid: volume.gid, groups: []}, host) : undefined;
};

const VERDICTS = {
  enforced: 'enforced',
  equivalent: 'modified',
  'not-applicable': 'ignored',
  unproved: 'unproved',
  impossible: 'ignored',
} as const satisfies Record<Support['level'], ReportEntry['verdict']>;

const entryFor = ({kind, name, app, origin, value}: Wish, support: Support): ReportEntry => ({
  kind,
  name,
  app,
  origin,
  verdict: VERDICTS[support.level],
  value,
  how:
    support.level === 'enforced'
      ? support.mechanism
      : support.level === 'equivalent' || support.level === 'unproved'
        ? `${support.mechanism}; ${support.consequence}`
        : support.consequence,
  ...('readBack' in support && support.readBack !== undefined ? {readBack: support.readBack} : {}),
});
