import {flavorHostLacks} from '../errors.ts';
import {gatherHostFacts} from '../facts/host-facts.ts';
import type {FoundFlavor} from '../load/find.ts';
import {rootLacking} from './findings-of.ts';

/**
 * Refuses a flavor that runs pods of root alone, if rkt runs as an ordinary user: before an image is made for it.
 * @throws RKT_FLAVOR_HOST_LACKS
 */
export const refuseWithoutRoot = ({declaration}: FoundFlavor['flavor']): void => {
  const lacking = rootLacking(declaration, gatherHostFacts());
  if (lacking !== undefined) throw flavorHostLacks(declaration.name, [lacking]);
};
