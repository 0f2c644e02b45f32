/**
 * Tells what an image of this flavor has for it from what images of its other versions have: what is planned here is done by programs that are there. The begin of a digest of their sources, which
 * `test/revision.test.ts` tells.
 */
export const REVISION = '3436e30fe45d';
