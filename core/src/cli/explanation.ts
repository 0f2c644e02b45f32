import type {Explanation} from '../pod/compose/choose-for-pod.ts';
import type {RktError} from '../rkt-error.ts';
import {isFit} from '../stage1/choice/consider.ts';
import type {Decision} from '../stage1/choice/decide.ts';
import {type RuleName, ruleName} from '../stage1/choice/flavor-choice.ts';
import type {Reason} from '../stage1/policy/host-reasons.ts';
import type {Output} from './context.ts';

/** How a flavor was chosen, as `rkt explain --format=json` prints it. */
export interface ExplanationValue {
  /** `null`: none, and the pod is refused. */
  readonly flavor: string | null;
  readonly by: Decision['by'];
  /** The rule that named the flavors. */
  readonly rule?: RuleName;
  /** Whether `run` would start the pod. */
  readonly runs: boolean;
  readonly error?: {readonly code: string; readonly message: string; readonly hint?: string};
  readonly considered: readonly {
    readonly flavor: string;
    readonly version?: string;
    /** `fits`: it could as well, and another comes first. */
    readonly verdict: 'chosen' | 'fits' | 'rejected';
    readonly reasons: readonly Reason[];
  }[];
  readonly rules: readonly (RuleName & {
    /** That it applies to. */
    readonly apps: readonly string[];
    /** Why to none. */
    readonly because?: string;
  })[];
  /** What rules let be left out. */
  readonly allowDegraded: readonly string[];
  /** By which isolators rules let images have more than the defaults, by app. */
  readonly accept: Readonly<Record<string, readonly string[]>>;
}

export const explanationValue = ({policy, decision}: Explanation, error: RktError | undefined): ExplanationValue => {
  const {by, chosen, considered} = decision;
  return {
    flavor: chosen?.name ?? null,
    by,
    ...(by === 'rule' && policy.order !== undefined ? {rule: ruleName(policy.order)} : {}),
    runs: error === undefined,
    ...(error === undefined
      ? {}
      : {error: {code: error.code, message: error.message, ...(error.hint === undefined ? {} : {hint: error.hint})}}),
    considered: considered.map((each) => ({
      flavor: each.name,
      ...(each.flavor === undefined ? {} : {version: each.flavor.flavor.declaration.version}),
      verdict: each === chosen ? 'chosen' : isFit(each) ? 'fits' : 'rejected',
      reasons: each.reasons,
    })),
    rules: policy.applications.map(({rule, apps, because}) => ({
      ...ruleName(rule),
      apps,
      ...(because === undefined ? {} : {because}),
    })),
    allowDegraded: policy.degrade.allowed.map(({name}) => name),
    accept: Object.fromEntries(
      [...policy.accept]
        .filter(([, {allowed}]) => allowed.length > 0)
        .map(([app, {allowed}]) => [app, allowed.map(({name}) => name)]),
    ),
  };
};

/** What named a flavor. */
export const BY = {
  asked: 'asked for by --stage1',
  configured: 'configured in stage1.d',
  default: 'by default',
} as const;

const STYLES = {chosen: 'green', fits: undefined, rejected: 'red'} as const;

/** For a person. The error is told besides. */
export const showExplanation = (value: ExplanationValue, output: Output): void => {
  const {flavor, by, rule, considered, rules, allowDegraded, accept} = value;
  const how =
    by === 'rule' && rule !== undefined ? `by rule "${rule.name}" of ${rule.file}` : by === 'rule' ? '' : BY[by];
  if (flavor !== null) output.line(`flavor ${flavor}, ${how}`, 'bold');
  else output.line(by === 'asked' ? 'no flavor: the one that --stage1 names is refused' : 'no flavor', 'red');
  output.line();
  output.line('considered', 'bold');
  for (const each of considered) {
    output.line(`  ${each.flavor}: ${each.verdict}`, STYLES[each.verdict]);
    for (const {because, fix} of each.reasons) {
      output.line(`    ${because}`);
      if (fix !== undefined) output.line(`      fix: ${fix}`);
    }
  }
  output.line();
  output.line('rules', 'bold');
  if (rules.length === 0) output.line('  none: there are no files in policy.d');
  output.table(
    undefined,
    rules.map(({name, layer, file, apps, because = ''}) => [
      `  ${apps.length > 0 ? 'applies' : 'does not apply'}`,
      name,
      layer,
      file,
      apps.length > 0 ? `to ${apps.join(', ')}` : because,
    ]),
  );
  if (allowDegraded.length > 0) output.line(`  may be left out: ${allowDegraded.join(', ')}`);
  for (const [app, names] of Object.entries(accept))
    output.line(`  app ${app} may have of its image: ${names.join(', ')}`);
};
