import {type Flavor, HOOKS} from '../../contract/flavor.ts';
import {flavorTimedOut} from '../errors.ts';
import {plainSteps} from './plain-steps.ts';
import {TimedOut, withinTime} from './within-time.ts';

/**
 * The same flavor, whose hooks end in time and return data of bounded size and nothing else: an object can have code that runs whenever it is looked at.
 * @throws RKT_FLAVOR_TIMED_OUT, RKT_FLAVOR_PLAN_TOO_LARGE from each hook
 */
export const guardHooks = (flavor: Flavor, milliseconds?: number): Flavor => {
  const {name} = flavor.declaration;
  const guarded =
    (hook: string, call: (...given: readonly unknown[]) => unknown) =>
    (...given: readonly unknown[]) => {
      const {plain, plainList} = plainSteps(name);
      try {
        return withinTime(() => {
          const result = call.apply(flavor, [...given]);
          return Array.isArray(result) ? plainList(`.${hook}`, result) : plain(`.${hook}`, result);
        }, milliseconds);
      } catch (error) {
        throw error instanceof TimedOut ? flavorTimedOut(name, hook, error.milliseconds) : error;
      }
    };
  const hooks = Object.keys(HOOKS).flatMap((hook) => {
    const call: unknown = flavor[hook as keyof Flavor];
    return typeof call === 'function' ? [[hook, guarded(hook, call as () => unknown)] as const] : [];
  });
  // each under its own name
  return {declaration: flavor.declaration, ...Object.fromEntries(hooks)} as Flavor;
};
