import * as z from 'zod/mini';
import {text} from './text.ts';
import {uniqueNames} from './unique.ts';

export const eventHandlers = z.lazy(() =>
  z
    .array(
      z.strictObject({
        /** `pre-start` ends before the app starts; `post-stop` runs after it has ended. */
        name: z.enum(['pre-start', 'post-stop']),
        exec: z.array(text).check(z.minLength(1, 'a program and its arguments')),
      }),
    )
    /** At most one of each (appc IM-18). */
    .check(uniqueNames),
);
