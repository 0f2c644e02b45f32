import * as z from 'zod/mini';
import {type Flavor, HOOKS} from '../../contract/flavor.ts';
import {finding} from '../../contract/host.ts';
import {stopStep} from '../../contract/step.ts';
import {flavorImpure, flavorPlanInvalid} from '../errors.ts';
import {pathOf} from '../path-of.ts';
import {type Guarding, guard} from './guard.ts';
import {plainSteps} from './plain-steps.ts';

/** What is not a part of a plan, which is checked as a whole. */
const ANSWERS = {probe: z.array(finding), stop: z.array(stopStep)} as const;

/**
 * The same flavor, whose hooks end in time and return data of bounded size and nothing else, the same whenever they are asked the same; so does its declaration: an object can have code
 * that runs whenever it is looked at.
 * @throws RKT_FLAVOR_TIMED_OUT, RKT_FLAVOR_PLAN_TOO_LARGE, RKT_FLAVOR_PLAN_INVALID, RKT_FLAVOR_IMPURE from each hook
 */
export const guardHooks = (flavor: Flavor, guarding: Guarding = {}): Flavor => {
  const declaration = JSON.parse(JSON.stringify(flavor.declaration)) as Flavor['declaration']; // checked after this
  const {name} = declaration;
  const guarded =
    (hook: string, call: (...given: readonly unknown[]) => unknown) =>
    (...given: readonly unknown[]) => {
      const run = () => {
        const {plain, plainList} = plainSteps(name);
        const result = call.apply(flavor, [...given]);
        return Array.isArray(result) ? plainList(`.${hook}`, result) : plain(`.${hook}`, result);
      };
      const answer = guard(name, hook, run, guarding);
      const again = guard(name, hook, run, guarding);
      if (JSON.stringify(answer) !== JSON.stringify(again)) throw flavorImpure(name, hook);
      check(name, hook, answer);
      return answer;
    };
  const hooks = Object.keys(HOOKS).flatMap((hook) => {
    const call: unknown = flavor[hook as keyof Flavor];
    return typeof call === 'function' ? [[hook, guarded(hook, call as () => unknown)] as const] : [];
  });
  // each under its own name
  return {declaration, ...Object.fromEntries(hooks)} as Flavor;
};

const check = (name: string, hook: string, answer: unknown): void => {
  if (!Object.hasOwn(ANSWERS, hook)) return;
  const {error} = z.safeParse(ANSWERS[hook as keyof typeof ANSWERS], answer);
  const [issue] = error?.issues ?? [];
  if (issue !== undefined) throw flavorPlanInvalid(name, `${hook}${pathOf(issue.path)}`, issue.message);
};
