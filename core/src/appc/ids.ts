import * as z from 'zod/mini';

/** Greatest uid and gid: the one above means "leave it" to the kernel. */
export const MAX_ID = 0xffff_fffe;

const range = `a number from 0 to ${MAX_ID}`;

/** A uid or gid. */
export const id = z.lazy(() => z.int(range).check(z.minimum(0, range), z.maximum(MAX_ID, range)));
