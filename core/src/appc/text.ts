import * as z from 'zod/mini';

/*
 * The schemas of this folder are lazy: to build them all costs more than to read a manifest, and no command uses all of them.
 */

/** Text that the kernel can take: anything without a NUL. */
export const text = z.lazy(() => z.string().check(z.regex(/^[^\0]*$/, 'text without a NUL character')));

/** The same, not empty. */
export const nonEmptyText = z.lazy(() =>
  z.string().check(z.regex(/^[^\0]+$/, 'text that is not empty and has no NUL character')),
);

/** An optional field; `null` counts as absent, because the reference implementation wrote it for empty lists. */
export const maybe = <T extends z.ZodMiniType>(schema: T) => z.optional(z.nullable(schema));
