import {setTimeout} from 'node:timers/promises';

/** Milliseconds between two looks at what tells nobody of itself. */
const POLL = 100;

/**
 * Waits until something holds, for at most `milliseconds`.
 * @returns how long that took
 */
export const awaitTrue = async (holds: () => boolean, milliseconds: number): Promise<number> => {
  const start = Date.now();
  for (;;) {
    const waited = Date.now() - start;
    if (waited >= milliseconds || holds()) return waited;
    await setTimeout(Math.min(POLL, milliseconds - waited));
  }
};
