import * as z from 'zod/mini';
import {nonEmptyText} from '../text.ts';
import {BOTH} from './definition.ts';

/** `{"profile": "rkt-default"}`: a profile that is loaded on the host (appc EX-47). */
export const apparmorProfile = {scopes: BOTH, value: z.lazy(() => z.strictObject({profile: nonEmptyText}))};
