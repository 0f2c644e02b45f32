import * as z from 'zod/mini';
import {preparedNetwork} from '../../contract/pod.ts';
import {pathOf} from '../../stage1/path-of.ts';
import {preparedNetworkInvalid} from '../errors.ts';

/** What the cards of one pod must not have in common. */
const OWN = ['tap', 'name', 'mac'] as const;

/**
 * Makes sure that a prepared network is what the contract says, and that no two of its cards have the same tap, name or address: a flavor relies on it.
 * @throws RKT_POD_NETWORK_PREPARED_INVALID
 */
export const checkPreparedNetwork = (network: unknown): void => {
  const result = z.safeParse(preparedNetwork, network);
  if (!result.success) {
    const [{path = [], message = 'is invalid'} = {}] = result.error.issues;
    throw preparedNetworkInvalid(pathOf(path) || '.', valueAt(network, path), message);
  }
  const {interfaces} = result.data;
  for (const key of OWN) {
    const seen = new Set<string>();
    for (const [index, {[key]: value}] of interfaces.entries()) {
      if (value === undefined) continue;
      if (seen.has(value))
        throw preparedNetworkInvalid(`.interfaces[${index}].${key}`, value, 'another card has it, too');
      seen.add(value);
    }
  }
};

const valueAt = (value: unknown, [key, ...path]: readonly PropertyKey[]): unknown => {
  if (key === undefined) return value;
  return typeof value === 'object' && value !== null ? valueAt(Reflect.get(value, key), path) : undefined;
};
