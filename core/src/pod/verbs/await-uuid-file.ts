import {statSync} from 'node:fs';
import {awaitTrue} from './await-true.ts';

/**
 * Waits until the file of `--uuid-file` has something in it, for at most `milliseconds`; what else is wrong with it shows when it is read.
 * @returns how long that took
 */
export const awaitUuidFile = (path: string, milliseconds: number): Promise<number> =>
  awaitTrue(() => isWritten(path), milliseconds);

const isWritten = (path: string): boolean => {
  try {
    const stats = statSync(path, {throwIfNoEntry: false});
    return stats !== undefined && (stats.size > 0 || !stats.isFile());
  } catch {
    return true;
  }
};
