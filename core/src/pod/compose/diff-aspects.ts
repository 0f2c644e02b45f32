import type {ReportEntry} from '../../contract/plan.ts';
import type {MeasuredCosts} from '../../stage1/choice/measured-costs.ts';
import type {ComposedPod} from './compose.ts';
import {type Aspect, planAspects} from './plan-aspects.ts';

/** A pod under one flavor: its plan, or why there is none. */
export interface FlavorPlan {
  readonly flavor: string;
  readonly composed?: ComposedPod;
  /** What pods have cost with it on this host, if that has been measured. */
  readonly measured?: MeasuredCosts;
  readonly refused?: {readonly code: string; readonly message: string; readonly hint?: string};
}

/** One aspect under each flavor, in their order; `null` under one that refuses the pod. */
export interface ComparedAspect extends Pick<Aspect, 'about' | 'what'> {
  readonly values: readonly (string | null)[];
  readonly differs: boolean;
  /** Under which flavors it is best for the host, and under which not; `null` where that cannot be said. */
  readonly best: readonly (boolean | null)[];
}

/** What becomes of one isolator or feature of the pod under each flavor. */
export interface ComparedPromise {
  readonly kind: ReportEntry['kind'];
  readonly name: string;
  readonly app: string | null;
  /** `null`: it is not in question there. */
  readonly verdicts: readonly (ReportEntry['verdict'] | null)[];
  readonly how: readonly (string | null)[];
}

export interface PlanDiff {
  readonly aspects: readonly ComparedAspect[];
  /** Those of which the verdicts differ. */
  readonly promises: readonly ComparedPromise[];
}

/** The same pod under several flavors, side by side. */
export const diffAspects = (plans: readonly FlavorPlan[]): PlanDiff => {
  const none = plans.some(({measured}) => measured !== undefined) ? null : undefined;
  const told = plans.map(({composed, measured = none}) =>
    composed === undefined ? undefined : planAspects(composed, measured),
  );
  const all = told.flatMap((aspects) => aspects ?? []);
  const rows = all.filter(
    (aspect, index) => all.findIndex(({about, what}) => about === aspect.about && what === aspect.what) === index,
  );
  return {
    aspects: rows.map(({about, what}) => {
      const here = told.map((aspects) => aspects?.find((each) => each.about === about && each.what === what));
      const values = here.map((each) => each?.value ?? null);
      const given = values.filter((value) => value !== null);
      const ranks = here.flatMap((each) => each?.rank ?? []);
      const isRanked = ranks.length === given.length && new Set(ranks).size > 1;
      const best = Math.max(...ranks);
      return {
        about,
        what,
        values,
        differs: new Set(given).size > 1,
        best: here.map((each) => (isRanked && each !== undefined ? each.rank === best : null)),
      };
    }),
    promises: promisesOf(plans),
  };
};

const promisesOf = (plans: readonly FlavorPlan[]): ComparedPromise[] => {
  const keyOf = ({kind, name, app}: ReportEntry): string => `${kind} ${name} ${app ?? ''}`;
  const planned = plans.flatMap(({composed}) => composed?.report.entries ?? []);
  const first = new Map(planned.toReversed().map((entry) => [keyOf(entry), entry]));
  const isPlanned = plans.map(({composed}) => composed !== undefined);
  return [...first.values()].toReversed().flatMap((entry) => {
    const {kind, name, app} = entry;
    const here = plans.map(({composed}) => composed?.report.entries.find((each) => keyOf(each) === keyOf(entry)));
    const verdicts = here.map((each) => each?.verdict ?? null);
    if (new Set(verdicts.filter((_, index) => isPlanned[index])).size < 2) return [];
    return [{kind, name, app, verdicts, how: here.map((each) => each?.how ?? null)}];
  });
};
