import {capabilitySet} from './capability-set.ts';
import {APP} from './definition.ts';

/** All that the bounding set keeps (appc EX-48). */
export const capabilitiesRetainSet = {
  scopes: APP,
  excludes: 'os/linux/capabilities-remove-set',
  value: capabilitySet,
};
