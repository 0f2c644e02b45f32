import * as z from 'zod/mini';
import {APP} from './definition.ts';

const range = 'a whole number from -1000 to 1000';

/** `-500`: rkt's own isolator. */
export const oomScoreAdj = {
  scopes: APP,
  value: z.lazy(() =>
    z.pipe(
      z.int(range).check(z.minimum(-1000, range), z.maximum(1000, range)),
      z.transform((score) => ({score})),
    ),
  ),
};
