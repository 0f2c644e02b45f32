import {capabilitySet} from './capability-set.ts';
import {APP} from './definition.ts';

/** What the default set loses (appc EX-48). */
export const capabilitiesRemoveSet = {
  scopes: APP,
  excludes: 'os/linux/capabilities-retain-set',
  value: capabilitySet,
};
