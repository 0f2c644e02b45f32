import * as z from 'zod/mini';
import {podPath} from './names.ts';
import {MAX_GENERATION} from './patterns.ts';

/** Where the process of an app is that the launched program has started. */
export const appPlace = z.discriminatedUnion('in', [
  /** The oldest child of the launched program (1), the oldest child of that one (2), … */
  z.strictObject({in: z.literal('child'), generation: z.int().check(z.minimum(1), z.maximum(MAX_GENERATION))}),
  /** A file that the launched program writes: the number of the process as the host sees it, and nothing else. */
  z.strictObject({in: z.literal('pid-file'), path: podPath}),
]);
export type AppPlace = z.infer<typeof appPlace>;
