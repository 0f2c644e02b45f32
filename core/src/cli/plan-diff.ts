import type {ComparedAspect, FlavorPlan, PlanDiff} from '../pod/compose/diff-aspects.ts';
import {ABOUT} from '../pod/compose/plan-aspects.ts';
import type {Output} from './context.ts';

/** Headings of the three kinds of aspects. */
export const TITLES: {readonly [A in ComparedAspect['about']]: string} = {
  reach: 'what an attacker inside could reach',
  costs: 'what it costs',
  keeps: 'what stays on the host',
};

/** A pod under several flavors, as `rkt plan --diff --format=json` prints it. */
export const diffValue = (plans: readonly FlavorPlan[], diff: PlanDiff) => ({
  flavors: plans.map(({flavor, composed, refused}) => ({
    flavor: composed?.plan.flavor.name ?? flavor,
    ...(composed === undefined ? {} : {version: composed.plan.flavor.version}),
    runs: composed !== undefined,
    ...(refused === undefined ? {} : {refused}),
  })),
  ...diff,
});

/** For a person: what differs is told for each flavor, `+` where it is best for the host and `-` where it is not. */
export const showDiff = (plans: readonly FlavorPlan[], {aspects, promises}: PlanDiff, output: Output): void => {
  for (const {flavor, composed, refused} of plans) {
    if (refused === undefined) output.line(`flavor ${flavor} ${composed?.plan.flavor.version ?? ''}`, 'bold');
    else {
      output.line(`flavor ${flavor} refuses this pod (${refused.code})`, 'red');
      for (const line of refused.message.split('\n')) output.line(`  ${line}`);
      for (const line of refused.hint?.split('\n') ?? []) output.line(`  hint: ${line}`);
    }
  }
  for (const about of ABOUT) {
    output.line();
    output.line(TITLES[about], 'bold');
    for (const aspect of aspects.filter((each) => each.about === about)) showAspect(plans, aspect, output);
  }
  output.line();
  output.line('isolators and features that differ', 'bold');
  if (promises.length === 0) output.line('  none');
  for (const {name, app, verdicts, how} of promises) {
    output.line(`  ${name}${app === null ? '' : ` (${app})`}`);
    plans.forEach(({flavor, composed}, index) => {
      if (composed === undefined) return;
      const verdict = verdicts[index];
      output.line(`      ${flavor}: ${verdict == null ? 'not in question' : `${verdict}: ${how[index]}`}`);
    });
  }
};

const showAspect = (
  plans: readonly FlavorPlan[],
  {what, values, differs, best}: ComparedAspect,
  output: Output,
): void => {
  const [first = null] = values;
  if (!differs && first !== null && !values.includes(null)) {
    output.line(`  ${what}: ${first}`);
    return;
  }
  output.line(`  ${what}`);
  values.forEach((value, index) => {
    if (value === null) return;
    const mark = best[index] === null ? ' ' : best[index] ? '+' : '-';
    output.line(
      `    ${mark} ${plans[index]?.flavor}: ${value}`,
      mark === '+' ? 'green' : mark === '-' ? 'red' : undefined,
    );
  });
};
