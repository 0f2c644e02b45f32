import * as z from 'zod/mini';
import {nonEmptyText} from '../text.ts';
import {BOTH} from './definition.ts';

const part = z.lazy(() => z.string().check(z.regex(/^[^\0:]+$/, 'text without a colon, not empty')));

/** `{"user": "system_u", "role": "system_r", "type": "dhcpc_t", "level": "s0"}` (appc EX-46). */
export const selinuxContext = {
  scopes: BOTH,
  /** A level has colons of its own: `s0:c1,c2`. */
  value: z.lazy(() => z.strictObject({user: part, role: part, type: part, level: nonEmptyText})),
};
