import type {Flavor} from '../../src/contract/flavor.ts';
import {checkDeclaration} from '../../src/stage1/load/check-declaration.ts';
import {checkHooks} from '../../src/stage1/load/check-hooks.ts';

/**
 * Makes sure that `candidate` is a flavor for this contract before any of its code is called.
 * @param source where it came from, for the error
 * @throws RKT_FLAVOR_HOOK_INVALID, RKT_CONTRACT_UNSUPPORTED, RKT_FLAVOR_DECLARATION_INVALID
 */
export const checkFlavor = (candidate: unknown, source: string): Flavor => {
  const flavor = checkHooks(candidate, source);
  checkDeclaration(flavor.declaration, source);
  return flavor;
};
