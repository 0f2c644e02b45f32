import {CONTRACT_VERSION, type Declaration, type Flavor} from '@rkt/core/contract';

type Definition = Omit<Flavor, 'declaration'> & Omit<Declaration, 'contract'> & {readonly contract?: string};

/**
 * Makes a flavor out of its declaration and hooks, written as one object. `contract` defaults to this SDK's own version (`^1.1`). Every function of it is taken for a hook: rkt refuses one
 * that the contract does not know, by its name, when it loads the flavor.
 *
 * @example
 * export default defineFlavor({
 *   name: 'fly', version: '1.0.0', summary: 'chroot', properties: ['host-network'], liveness: 'cgroup',
 *   isolators: {…}, features: {…}, verbs: {…},
 *   probe: () => [],
 *   filesystem: (pod) => […],
 *   environment: (pod) => […],
 *   launch: (pod) => ({…}),
 * });
 */
export const defineFlavor = (definition: Definition): Flavor => {
  const {contract = `^${minor(CONTRACT_VERSION)}`, ...rest} = definition;
  const fields = Object.entries(rest);
  const hooks = fields.filter(([, value]) => typeof value === 'function');
  const declared = fields.filter(([, value]) => typeof value !== 'function' && value !== undefined);
  // As typed: what was one object is two.
  return {declaration: {...Object.fromEntries(declared), contract}, ...Object.fromEntries(hooks)} as unknown as Flavor;
};

const minor = (version: string): string => version.split('.').slice(0, 2).join('.');
