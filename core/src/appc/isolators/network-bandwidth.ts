import {BOTH} from './definition.ts';
import {rate} from './rate.ts';

/** `{"default": true, "limit": "1G"}`: bytes per second of each interface but the loopback (appc EX-53, EX-54). */
export const networkBandwidth = {scopes: BOTH, value: rate};
