import {type Flavor, HOOKS} from '../../contract/flavor.ts';
import {suggest} from '../../suggest.ts';
import {flavorHookInvalid} from '../errors.ts';

/**
 * Makes sure that something has the hooks of a flavor and no others.
 * @throws RKT_FLAVOR_HOOK_INVALID
 */
export const checkHooks = (candidate: unknown, source: string): Flavor => {
  if (typeof candidate !== 'object' || candidate === null) {
    throw flavorHookInvalid(source, 'default export', 'is not an object');
  }
  for (const name of Object.keys(candidate)) {
    if (Object.hasOwn(HOOKS, name)) continue;
    const [meant] = suggest(name, Object.keys(HOOKS));
    const problem = `is not a hook of the contract${meant === undefined ? '' : `; was "${meant}" meant?`}`;
    throw flavorHookInvalid(source, name, problem);
  }
  for (const [name, need] of Object.entries(HOOKS)) {
    const value = (candidate as Record<string, unknown>)[name];
    const wanted = name === 'declaration' ? 'object' : 'function';
    if (value === undefined && need === 'optional') continue;
    if (typeof value !== wanted || value === null) throw flavorHookInvalid(source, name, `is not a ${wanted}`);
  }
  if ('appCgroup' in candidate && 'appProcess' in candidate) {
    throw flavorHookInvalid(source, 'appProcess', 'is there beside appCgroup: an app is in one place');
  }
  return candidate as Flavor;
};
