import {FEATURES, PROPERTIES, type Property, VERBS} from '../../contract/declaration.ts';
import {isolatorNames} from '../../contract/isolators.ts';

/** What a flavor must not share with the host, and by which of the contract's properties it does not. */
export const NOT_SHARED = {
  'no-shared-ipc': ['own-ipc', 'own-kernel'],
  'no-shared-network': ['own-network'],
  'no-shared-pid': ['own-pid', 'own-kernel'],
} as const satisfies Record<string, readonly Property[]>;

/** Everything that a rule can require, in the words of the contract: how a pod is isolated, or what is promised on this host. */
export const REQUIREMENTS: readonly string[] = [
  ...PROPERTIES,
  ...Object.keys(NOT_SHARED),
  ...isolatorNames,
  ...FEATURES,
  ...VERBS,
];
