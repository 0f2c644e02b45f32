import * as z from 'zod/mini';
import {BOTH} from './definition.ts';
import {requestAndLimit} from './request-and-limit.ts';

/** `{"request": "1G", "limit": "2G"}`: bytes (appc EX-57). */
export const memory = {scopes: BOTH, value: z.lazy(() => requestAndLimit('whole'))};
