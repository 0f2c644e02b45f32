import * as z from 'zod/mini';
import {APP} from './definition.ts';

/** `true` (appc EX-49). */
export const noNewPrivileges = {
  scopes: APP,
  value: z.lazy(() =>
    z.pipe(
      z.boolean(),
      z.transform((enabled) => ({enabled})),
    ),
  ),
};
