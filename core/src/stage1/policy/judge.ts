import type {Finding} from '../../contract/host.ts';
import type {EffectivePolicy} from './combine.ts';
import {type Case, lackOf, wayTo} from './holds.ts';
import {hostReasons, type Reason} from './host-reasons.ts';
import type {Names} from './names-of.ts';
import {place, type Rule} from './policy.ts';

/** A flavor that could run a pod. */
export interface Candidate extends Case, Names {
  readonly name: string;
  readonly findings: readonly Finding[];
}

interface Judging {
  /** The pod is only prepared: flags that are given when it runs are judged then. */
  readonly later?: boolean;
}

/** Everything that keeps a flavor from running a pod: what the host lacks, and what rules exclude. None: it may run it. */
export const judge = (
  {restrictions}: Pick<EffectivePolicy, 'restrictions'>,
  candidate: Candidate,
  judging: Judging = {},
): Reason[] => [
  ...hostReasons(candidate.findings),
  ...restrictions.flatMap((rule) => policyReasons(rule, candidate, judging)),
];

const policyReasons = (rule: Rule, candidate: Candidate, judging: Judging): Reason[] => {
  const {flavors, forbid = [], require = []} = rule;
  const {name, layer, file} = rule;
  const reason = (because: string, fix?: string): Reason => ({
    kind: 'policy',
    because: `${place(rule)} ${because}`,
    ...(fix === undefined ? {} : {fix}),
    rule: {name, layer, file},
  });
  return [
    ...(flavors === undefined || flavors.some((flavor) => candidate.names.includes(flavor))
      ? []
      : [reason(`takes only ${flavors.join(', ')}`)]),
    // Whoever calls itself so is excluded as well, wherever it comes from.
    ...(forbid.some((flavor) => [...candidate.aliases, candidate.name].includes(flavor)) ? [reason('forbids it')] : []),
    ...require.flatMap((alternatives) => {
      const lack = lackOfAll(alternatives, candidate, judging);
      return lack === undefined ? [] : [reason(...lack)];
    }),
  ];
};

/** Why none of the alternatives is had, and what would help. */
const lackOfAll = (
  alternatives: readonly string[],
  each: Case,
  {later = false}: Judging,
): [because: string, fix?: string] | undefined => {
  const lacks = alternatives.map((name) => ({name, because: lackOf(name, each), way: wayTo(name, each)}));
  if (lacks.some(({because, way}) => because === undefined || (later && way?.whenRun === true))) return undefined;
  const because = `requires ${lacks.map(({name, because: why}) => `${name} (${why})`).join(' or ')}`;
  const way = lacks.find((lack) => lack.way !== undefined)?.way;
  return way === undefined ? [because] : [because, `run the pod with ${way.flag}`];
};
