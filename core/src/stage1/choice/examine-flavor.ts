import type {Declaration} from '../../contract/declaration.ts';
import type {Finding, HostFacts} from '../../contract/host.ts';
import type {Support, SupportLevel} from '../../contract/support.ts';
import {unmet} from '../negotiation/host-can.ts';

/** What one promise of a flavor comes to on this host. */
export interface Verdict {
  readonly kind: 'isolator' | 'feature' | 'verb';
  readonly name: string;
  readonly declared: SupportLevel;
  /** `impossible` where this host lacks what the promise needs. */
  readonly here: SupportLevel;
  /** Why it does not hold, here or at all. */
  readonly because?: string;
}

export interface Examination {
  readonly flavor: string;
  /** No finding says that something is missing. */
  readonly usable: boolean;
  readonly findings: readonly Finding[];
  readonly verdicts: readonly Verdict[];
}

/** A flavor's declaration against the facts of a host: what `rkt flavor doctor` tells. */
export const examineFlavor = (
  declaration: Declaration,
  findings: readonly Finding[],
  host: HostFacts,
): Examination => ({
  flavor: declaration.name,
  usable: findings.every(({severity}) => severity !== 'missing'),
  findings,
  verdicts: [
    ...verdicts('isolator', declaration.isolators, host),
    ...verdicts('feature', declaration.features, host),
    ...verdicts('verb', declaration.verbs, host),
  ],
});

const verdicts = (kind: Verdict['kind'], supports: Readonly<Record<string, Support>>, host: HostFacts): Verdict[] =>
  Object.entries(supports).map(([name, support]) => ({kind, name, declared: support.level, ...onHost(support, host)}));

const onHost = (support: Support, host: HostFacts): Pick<Verdict, 'here' | 'because'> => {
  if (support.level === 'impossible' || support.level === 'not-applicable') {
    return {here: support.level, because: support.consequence};
  }
  const reasons = ('requires' in support ? (support.requires ?? []) : []).flatMap(
    (requirement) => unmet(requirement, host) ?? [],
  );
  return reasons.length === 0 ? {here: support.level} : {here: 'impossible', because: reasons.join('; ')};
};
