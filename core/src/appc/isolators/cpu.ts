import * as z from 'zod/mini';
import {BOTH} from './definition.ts';
import {requestAndLimit} from './request-and-limit.ts';

/** `{"request": "250m", "limit": "500m"}`: cores, to thousandths of one (appc EX-56). */
export const cpu = {scopes: BOTH, value: z.lazy(() => requestAndLimit('milli'))};
