import * as z from 'zod/mini';
import {nonEmptyText} from '../text.ts';

const part = z.lazy(() => z.string().check(z.regex(/^[^\0:]+$/, 'text without a colon, not empty')));

/** A level has colons of its own: `s0:c1,c2`. */
export const selinuxContext = z.lazy(() => z.strictObject({user: part, role: part, type: part, level: nonEmptyText}));
