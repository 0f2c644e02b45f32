import type {HostPath} from '../../contract/names.ts';
import {RktError} from '../../rkt-error.ts';
import {findPod, locatePod} from './find.ts';
import type {PodEntry} from './load.ts';

/**
 * Finds a pod and reads in it. A pod that is moved meanwhile is found again where it went, so that nobody takes it for damaged; it can move a
 * few times only.
 */
export const withPod = async <T>(
  dataDir: HostPath,
  text: string,
  use: (entry: PodEntry) => T | Promise<T>,
): Promise<T> => {
  for (;;) {
    const entry = findPod(dataDir, text);
    try {
      return await use(entry);
    } catch (error) {
      if (!isDamage(error) || locatePod(dataDir, entry.uuid) === entry.directory) throw error;
    }
  }
};

const isDamage = (error: unknown): boolean => error instanceof RktError && error.code === 'RKT_POD_FILE_DAMAGED';
