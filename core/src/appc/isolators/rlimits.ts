import * as z from 'zod/mini';
import {RLIMITS} from '../../contract/kernel-names.ts';
import {quantity} from '../quantity.ts';

const UNLIMITED = 'unlimited';
const bound = z.lazy(() => z.union([z.literal(UNLIMITED), quantity('whole')], `a quantity or "${UNLIMITED}"`));

const limit = z.lazy(() =>
  z.pipe(
    z.strictObject({soft: z.optional(bound), hard: bound}),
    z.transform(({soft = undefined, hard}, context) => {
      const value = {soft: orNull(soft ?? hard), hard: orNull(hard)};
      if ((value.soft ?? Number.POSITIVE_INFINITY) > (value.hard ?? Number.POSITIVE_INFINITY)) {
        context.issues.push({
          code: 'custom',
          message: 'a soft limit of at most the hard one',
          path: ['soft'],
          input: soft,
        });
        return z.NEVER;
      }
      return value;
    }),
  ),
);

/** By the name in setrlimit(2) without `RLIMIT_`, lower case; `soft` defaults to `hard`. */
export const rlimits = z.lazy(() =>
  z.pipe(
    z.partialRecord(z.enum(RLIMITS, 'a limit as in setrlimit(2), lower case, without RLIMIT_'), limit),
    z.transform((limits) => ({limits})),
  ),
);

const orNull = (value: number | typeof UNLIMITED): number | null => (value === UNLIMITED ? null : value);
