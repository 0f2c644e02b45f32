import * as z from 'zod/mini';
import {CAPABILITIES} from '../../contract/kernel-names.ts';

/** `{"set": ["CAP_NET_ADMIN"]}`: not empty, names as in capabilities(7); each once in the result. */
export const capabilitySet = z.lazy(() =>
  z.pipe(
    z.strictObject({
      set: z
        .array(z.enum(CAPABILITIES, 'a capability as in capabilities(7)'))
        .check(z.minLength(1, 'at least one capability')),
    }),
    z.transform(({set}) => ({set: [...new Set(set)]})),
  ),
);
