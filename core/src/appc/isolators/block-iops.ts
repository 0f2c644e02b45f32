import {BOTH} from './definition.ts';
import {rate} from './rate.ts';

/** `{"default": true, "limit": "1000"}`: operations per second of each block device (appc EX-53). */
export const blockIops = {scopes: BOTH, value: rate};
