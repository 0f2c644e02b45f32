import {CONTRACT_VERSION, type Declaration, type Flavor} from '@rkt/core/contract';

type Definition = Omit<Flavor, 'declaration'> & Omit<Declaration, 'contract'> & {readonly contract?: string};

/**
 * Makes a flavor out of its declaration and hooks, written as one object. `contract` defaults to this SDK's own version (`^1.0`).
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
  const {
    probe,
    filesystem,
    environment,
    launch,
    appCgroup,
    enter,
    stop,
    contract = `^${minor(CONTRACT_VERSION)}`,
    ...rest
  } = definition;
  return {
    declaration: {...rest, contract},
    probe,
    filesystem,
    environment,
    launch,
    ...(appCgroup === undefined ? {} : {appCgroup}),
    ...(enter === undefined ? {} : {enter}),
    ...(stop === undefined ? {} : {stop}),
  };
};

const minor = (version: string): string => version.split('.').slice(0, 2).join('.');
