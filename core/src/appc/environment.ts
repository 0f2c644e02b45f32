import * as z from 'zod/mini';
import {text} from './text.ts';
import {uniqueNames} from './unique.ts';

const NAME = /^[A-Za-z0-9_.-]+$/;

/** Whether a manifest may hold a variable of this name (appc IM-20). */
export const isVariableName = (name: string): boolean => NAME.test(name);

const variable = z.lazy(() =>
  z.strictObject({
    name: z.string().check(z.regex(NAME, 'letters, digits, underscores, periods and hyphens')),
    /** Literal: nothing is substituted. */
    value: text,
  }),
);

/** Environment of an app (appc IM-20). */
export const environment = z.lazy(() => z.array(variable).check(uniqueNames));
export type Environment = z.infer<typeof environment>;
