import * as z from 'zod/mini';
import {quantity} from '../quantity.ts';

const SIZES = 'sizes of huge pages such as "2Mi", to bytes of whole ones';

/** By the size of a page, which is a power of two; both are quantities. */
export const hugepages = z.lazy(() =>
  z.pipe(
    z.record(z.pipe(z.string(), z.transform(String)), quantity('whole'), SIZES),
    z.transform((given, context) => {
      const limits: Record<string, number> = {};
      for (const [typed, limit] of Object.entries(given)) {
        const size = quantity('whole').safeParse(typed).data ?? 0;
        if (!isPageSize(size) || limit % size !== 0 || Object.hasOwn(limits, size)) {
          context.issues.push({code: 'custom', message: SIZES, path: [typed], input: limit});
          return z.NEVER;
        }
        limits[size] = limit;
      }
      return {limits};
    }),
  ),
);

/** Beyond an ordinary page, of which no cgroup counts huge ones. */
const isPageSize = (size: number): boolean => size > 4096 && Number.isInteger(Math.log2(size));
