import * as z from 'zod/mini';

/** A device, or all of a major number (`minor` is `null`), and what may be done with it: read, write, make a node (`rwm`). */
export const deviceRule = z.strictObject({
  type: z.enum(['char', 'block']),
  major: z.int(),
  minor: z.nullable(z.int()),
  access: z.string().check(z.regex(/^(?=.)r?w?m?$/)),
});
export type DeviceRule = z.infer<typeof deviceRule>;
