import * as z from 'zod/mini';
import {quantity, type Scale} from '../quantity.ts';
import {maybe} from '../text.ts';

/** A resource with a limit and an optional request, which defaults to the limit (appc EX-50). */
export const requestAndLimit = (scale: Scale) =>
  z.pipe(
    z.strictObject({
      /** What the reference implementation wrote; it means nothing here. */
      default: maybe(z.literal(false)),
      request: maybe(quantity(scale)),
      limit: quantity(scale),
    }),
    z.transform(({request, limit}, context) => {
      if (request != null && request > limit) {
        context.issues.push({
          code: 'custom',
          message: 'a request of at most the limit',
          path: ['request'],
          input: request,
        });
        return z.NEVER;
      }
      return {request: request ?? limit, limit};
    }),
  );
