import type {HostFacts} from '../../contract/host.ts';
import {mismatch} from './match.ts';
import {LAYERS, type Permission, type Rule, type SubjectApp} from './policy.ts';

/** Whether a rule is about a pod. */
export interface Application {
  readonly rule: Rule;
  /** Names of the apps that it matches; none: it is not about this pod. */
  readonly apps: readonly string[];
  /** Why it matches no app. */
  readonly because?: string;
}

/** A name and the rule that says it. */
export interface Said {
  readonly name: string;
  readonly rule: Rule;
}

/** What may be left out, or had, by somebody's leave. */
export interface Leave {
  /** As if a flag had said it. */
  readonly allowed: readonly Said[];
  /** The rule that forbids it, whoever allows it. */
  readonly forbiddenBy: (name: string) => Rule | undefined;
}

/** What all rules together mean for one pod. */
export interface EffectivePolicy {
  readonly applications: readonly Application[];
  /** The first rule that names flavors: which are tried, in order. */
  readonly order?: Rule;
  /** Every rule that restricts which flavor runs the pod. */
  readonly restrictions: readonly Rule[];
  readonly degrade: Leave;
  /** By app. */
  readonly accept: ReadonlyMap<string, Leave>;
}

/**
 * All rules of all layers as one. What restricts adds up: a rule that matches one app of a pod restricts the pod, and whatever another rule says takes nothing of it
 * back. What permits is less strong: of leave to degrade or to accept only that of the highest layer which gives any counts, for a pod when its rule matches every
 * app. The order of flavors is that of the first rule that has one, the highest layer first. So no layer loosens what a higher one says.
 * @param rules the highest layer first
 */
export const combine = (rules: readonly Rule[], apps: readonly SubjectApp[], host: HostFacts): EffectivePolicy => {
  const applications = rules.map((rule) => apply(rule, apps, host));
  const matching = applications.filter((application) => application.apps.length > 0);
  const forAll = matching.filter((application) => application.apps.length === apps.length);
  const order = matching.find(({rule}) => rule.flavors !== undefined)?.rule;
  return {
    applications,
    ...(order === undefined ? {} : {order}),
    restrictions: matching.map(({rule}) => rule).filter(({flavors, forbid, require}) => flavors ?? forbid ?? require),
    degrade: leaveOf('degrade', rulesOf(forAll), rulesOf(matching)),
    accept: new Map(
      apps.map(({name}) => {
        const its = rulesOf(matching.filter((application) => application.apps.includes(name)));
        return [name, leaveOf('accept', its, its)];
      }),
    ),
  };
};

const rulesOf = (applications: readonly Application[]): Rule[] => applications.map(({rule}) => rule);

const apply = (rule: Rule, apps: readonly SubjectApp[], host: HostFacts): Application => {
  const judged = apps.map((app) => ({name: app.name, because: mismatch(rule, app, host)}));
  const matched = judged.filter(({because}) => because === undefined).map(({name}) => name);
  const because = judged.find((each) => each.because !== undefined)?.because;
  return {rule, apps: matched, ...(matched.length === 0 && because !== undefined ? {because} : {})};
};

const leaveOf = (subject: 'degrade' | 'accept', permitting: readonly Rule[], forbidding: readonly Rule[]): Leave => {
  const forbiddenBy = (name: string) => forbidding.find(({[subject]: permission}) => isForbidden(permission, name));
  const giving = permitting.filter(({[subject]: permission}) => permission?.allow !== undefined);
  const layer = LAYERS.find((each) => giving.some((rule) => rule.layer === each));
  return {
    allowed: giving
      .filter((rule) => rule.layer === layer)
      .flatMap((rule) => (rule[subject]?.allow ?? []).map((name) => ({name, rule})))
      .filter(({name}) => forbiddenBy(name) === undefined),
    forbiddenBy,
  };
};

const isForbidden = (permission: Permission | undefined, name: string): boolean =>
  permission?.forbid === 'all'
    ? permission.allow?.includes(name) !== true
    : permission?.forbid?.includes(name) === true;
