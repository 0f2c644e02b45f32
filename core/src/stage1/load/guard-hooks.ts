import {type Flavor, HOOKS} from '../../contract/flavor.ts';
import {type Guarding, guard} from './guard.ts';
import {plainSteps} from './plain-steps.ts';

/**
 * The same flavor, whose hooks end in time and return data of bounded size and nothing else, as is its declaration: an object can have code that runs whenever it
 * is looked at.
 * @throws RKT_FLAVOR_TIMED_OUT, RKT_FLAVOR_PLAN_TOO_LARGE from each hook
 */
export const guardHooks = (flavor: Flavor, guarding: Guarding = {}): Flavor => {
  const declaration = JSON.parse(JSON.stringify(flavor.declaration)) as Flavor['declaration']; // checked after this
  const {name} = declaration;
  const guarded =
    (hook: string, call: (...given: readonly unknown[]) => unknown) =>
    (...given: readonly unknown[]) => {
      const {plain, plainList} = plainSteps(name);
      const run = () => {
        const result = call.apply(flavor, [...given]);
        return Array.isArray(result) ? plainList(`.${hook}`, result) : plain(`.${hook}`, result);
      };
      return guard(name, hook, run, guarding);
    };
  const hooks = Object.keys(HOOKS).flatMap((hook) => {
    const call: unknown = flavor[hook as keyof Flavor];
    return typeof call === 'function' ? [[hook, guarded(hook, call as () => unknown)] as const] : [];
  });
  // each under its own name
  return {declaration, ...Object.fromEntries(hooks)} as Flavor;
};
