import * as z from 'zod/mini';
import {quantity} from '../quantity.ts';
import {BOTH} from './definition.ts';

/** `{"limit": "100"}`: processes and threads; at least 1. Not of appc. */
export const pids = {
  scopes: BOTH,
  value: z.lazy(() => z.strictObject({limit: quantity('whole').check(z.minimum(1, 'at least 1'))})),
};
