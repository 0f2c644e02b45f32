import type {EnforcementReport, Plan, ReportEntry} from '../../contract/plan.ts';
import {isKept, type Negotiated, type Strength, strengthsOf} from '../../stage1/choice/strengths.ts';
import type {RunRequest} from '../request.ts';

/** A pod as one flavor would run it. */
export interface Planned {
  readonly properties: Negotiated['properties'];
  readonly pod: Negotiated['pod'];
  readonly report: EnforcementReport;
  readonly plan: Pick<Plan, 'flavor' | 'filesystem' | 'environment'>;
}

/** What has become of one isolator or feature. */
export interface ChangedPromise {
  readonly kind: ReportEntry['kind'];
  readonly name: string;
  readonly app: string | null;
  /** `null`: it was not, or is not, in question. */
  readonly before: ReportEntry['verdict'] | null;
  readonly after: ReportEntry['verdict'] | null;
  /** As the report of the plan that has it says. */
  readonly how: string;
}

/** Something that the pod has no longer. */
export interface Loss {
  /** For `--allow-degraded`. */
  readonly name: string;
  readonly because: string;
}

/** How a plan differs from the one that it replaces. */
export interface PlanChange {
  readonly from: Plan['flavor'];
  readonly to: Plan['flavor'];
  readonly losses: readonly Loss[];
  readonly gains: readonly Strength[];
  readonly promises: readonly ChangedPromise[];
}

const SHARED: {readonly [S in Strength]: string} = {
  'own-kernel': "the pod would have the host's kernel",
  'own-user-ids': "the pod would have the host's users",
  'no-shared-pid': "the pod would share the host's processes",
  'no-shared-ipc': "the pod would share the host's ipc",
  'no-shared-network': "the pod would share the host's network",
};

/** Compares two plans of one pod. What the operator says in so many words (`--net=host`, `--ipc=parent`) is no loss. */
export const comparePlans = (before: Planned, after: Planned, run: Pick<RunRequest, 'net' | 'ipc'>): PlanChange => {
  const [had, has] = [before, after].map(({properties, pod, report: {entries}, plan}) =>
    strengthsOf({properties, pod, entries, plan}),
  ) as [Strength[], Strength[]]; // two of two
  const said: readonly Strength[] = [
    ...(run.net === 'host' ? (['no-shared-network'] as const) : []),
    ...(run.ipc === 'parent' ? (['no-shared-ipc'] as const) : []),
  ];
  const promises = changedPromises(before.report.entries, after.report.entries);
  return {
    from: before.plan.flavor,
    to: after.plan.flavor,
    losses: [
      ...had
        .filter((name) => !has.includes(name) && !said.includes(name))
        .map((name) => ({name, because: SHARED[name]})),
      ...promises.flatMap(({name, app, before: was, after: is, how}) =>
        was !== null && is !== null && isKept(was) && !isKept(is)
          ? [{name, because: `${app === null ? '' : `app "${app}": `}${is}: ${how}`}]
          : [],
      ),
    ],
    gains: has.filter((name) => !had.includes(name)),
    promises,
  };
};

const changedPromises = (before: readonly ReportEntry[], after: readonly ReportEntry[]): ChangedPromise[] => {
  const keyOf = ({kind, name, app}: ReportEntry): string => `${kind} ${name} ${app ?? ''}`;
  const [olds, news] = [before, after].map((entries) => new Map(entries.map((each) => [keyOf(each), each])));
  return [...new Set([...(olds?.keys() ?? []), ...(news?.keys() ?? [])])].flatMap((key) => {
    const [was, is] = [olds?.get(key), news?.get(key)];
    const said = is ?? was;
    if (said === undefined || was?.verdict === is?.verdict) return [];
    const {kind, name, app, how} = said;
    return [{kind, name, app, before: was?.verdict ?? null, after: is?.verdict ?? null, how}];
  });
};
