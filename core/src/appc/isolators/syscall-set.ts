import * as z from 'zod/mini';

/** `{"set": ["reboot"], "errno": "ENOTSUP"}`: not empty, each name once in the result; an empty errno counts as absent (appc EX-35, EX-36, EX-39). */
export const syscallSet = z.lazy(() =>
  z.pipe(
    z.strictObject({
      set: z
        .array(
          z
            .string()
            .check(
              z.regex(
                /^(?:[a-z0-9_]+|@[a-z0-9.-]+\/[a-z0-9.-]+)$/,
                'a system call, or a set of them such as @appc.io/all',
              ),
            ),
        )
        .check(z.minLength(1, 'at least one system call')),
      errno: z.optional(z.string().check(z.regex(/^(?:E[A-Z0-9]+)?$/, 'the upper-case name of an errno'))),
    }),
    z.transform(({set, errno}) => ({set: [...new Set(set)], ...(errno ? {errno} : {})})),
  ),
);
