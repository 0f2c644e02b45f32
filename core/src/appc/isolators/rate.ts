import * as z from 'zod/mini';
import {quantity} from '../quantity.ts';

/** A limit that applies to every device or interface: `default` must be true, there is no request (appc EX-53). */
export const rate = z.lazy(() =>
  z.pipe(
    z.strictObject({default: z.literal(true), limit: quantity('whole')}),
    z.transform(({limit}) => ({limit})),
  ),
);
