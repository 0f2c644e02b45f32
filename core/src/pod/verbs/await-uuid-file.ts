import {statSync} from 'node:fs';
import {setTimeout} from 'node:timers/promises';

/** As for pods. */
const POLL = 100;

/**
 * Waits until the file of `--uuid-file` has something in it, for at most `milliseconds`; what else is wrong with it shows when it is read.
 * @returns how long that took
 */
export const awaitUuidFile = async (path: string, milliseconds: number): Promise<number> => {
  const start = Date.now();
  for (;;) {
    const waited = Date.now() - start;
    if (waited >= milliseconds || isWritten(path)) return waited;
    await setTimeout(Math.min(POLL, milliseconds - waited));
  }
};

const isWritten = (path: string): boolean => {
  try {
    const stats = statSync(path, {throwIfNoEntry: false});
    return stats !== undefined && (stats.size > 0 || !stats.isFile());
  } catch {
    return true;
  }
};
