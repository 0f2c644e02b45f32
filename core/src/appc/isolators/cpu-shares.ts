import * as z from 'zod/mini';
import {APP} from './definition.ts';

const range = 'a whole number from 2 to 262144';

/** `1024`: relative weight, rkt's own isolator. */
export const cpuShares = {
  scopes: APP,
  value: z.lazy(() =>
    z.pipe(
      z.int(range).check(z.minimum(2, range), z.maximum(262_144, range)),
      z.transform((shares) => ({shares})),
    ),
  ),
};
