import {BOTH} from './definition.ts';
import {rate} from './rate.ts';

/** `{"default": true, "limit": "2M"}`: bytes per second of each block device (appc EX-53). */
export const blockBandwidth = {scopes: BOTH, value: rate};
