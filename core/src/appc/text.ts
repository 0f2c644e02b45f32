import * as z from 'zod/mini';

/** Text that the kernel can take: anything without a NUL. */
export const text = z.string().check(z.regex(/^[^\0]*$/, 'text without a NUL character'));

/** The same, not empty. */
export const nonEmptyText = z.string().check(z.regex(/^[^\0]+$/, 'text that is not empty and has no NUL character'));

/** An optional field; `null` counts as absent, because the reference implementation wrote it for empty lists. */
export const maybe = <T extends z.ZodMiniType>(schema: T) => z.optional(z.nullable(schema));
