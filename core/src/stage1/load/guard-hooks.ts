import * as z from 'zod/mini';
import {type Flavor, HOOKS} from '../../contract/flavor.ts';
import {finding} from '../../contract/host.ts';
import {stopStep} from '../../contract/step.ts';
import {flavorFailed, flavorImpure, flavorPlanInvalid} from '../errors.ts';
import {pathOf} from '../path-of.ts';
import {plainSteps} from './plain-steps.ts';

/** The answers that are not parts of a plan; plans are checked as a whole. */
const ANSWERS = {probe: z.array(finding), stop: z.array(stopStep)} as const;

/**
 * The same flavor, with hooks that are checked: they return data of bounded size and nothing else, and the same whenever they are asked the same.
 * @throws RKT_FLAVOR_FAILED, RKT_FLAVOR_IMPURE, RKT_FLAVOR_PLAN_INVALID, RKT_FLAVOR_PLAN_TOO_LARGE from each hook
 */
export const guardHooks = (flavor: Flavor): Flavor => {
  const {declaration} = flavor;
  const {name} = declaration;
  const guarded =
    (hook: string, call: (...given: readonly unknown[]) => unknown) =>
    (...given: readonly unknown[]) => {
      const run = () => {
        const {plain, plainList} = plainSteps(name);
        const result = asked(name, hook, () => call.apply(flavor, [...given]));
        return Array.isArray(result) ? plainList(`.${hook}`, result) : plain(`.${hook}`, result);
      };
      const answer = run();
      if (JSON.stringify(answer) !== JSON.stringify(run())) throw flavorImpure(name, hook);
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

const asked = (name: string, hook: string, call: () => unknown): unknown => {
  try {
    return call();
  } catch (cause) {
    throw flavorFailed(name, hook, cause);
  }
};

const check = (name: string, hook: string, answer: unknown): void => {
  if (!Object.hasOwn(ANSWERS, hook)) return;
  const {error} = z.safeParse(ANSWERS[hook as keyof typeof ANSWERS], answer);
  const [issue] = error?.issues ?? [];
  if (issue !== undefined) throw flavorPlanInvalid(name, `${hook}${pathOf(issue.path)}`, issue.message);
};
