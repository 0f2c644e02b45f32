import type {HostPath} from '../../contract/names.ts';
import {RktError} from '../../rkt-error.ts';
import {podNotInState, podUnknown} from '../errors.ts';
import {findPod, locatePod} from './find.ts';
import {loadPod, type PodEntry} from './load.ts';

/**
 * Finds a pod and reads in it. A pod that is moved meanwhile is found again where it went, whatever has been read of it before: nobody takes it for damaged, nor a file that has gone with
 * it for one that was never there. It can move a few times only.
 * @param use may be called again
 */
export const withPod = async <T>(
  dataDir: HostPath,
  text: string,
  use: (entry: PodEntry) => T | Promise<T>,
): Promise<T> => {
  for (;;) {
    const entry = findPod(dataDir, text);
    const isThere = () => locatePod(dataDir, entry.uuid) === entry.directory;
    try {
      const found = await use(entry);
      if (isThere()) return found;
    } catch (error) {
      // Of others it may not even be seen any more where the pod is: what `enter` becomes has another root.
      if (!isStale(error)) throw error;
      if (isThere()) throw unlessGoing(dataDir, entry, text, error);
    }
  }
};

/** Of a pod that is being made there are not all files yet, and of one that is being removed not all any more: it is not damaged. */
const unlessGoing = (dataDir: HostPath, {uuid, directory}: PodEntry, text: string, error: unknown): unknown => {
  if (!isDamaged(error)) return error;
  switch (loadPod(dataDir, directory, uuid)?.state) {
    case 'embryo':
    case 'preparing':
      return podNotInState(uuid, 'preparing', 'prepared', 'wait until it is prepared');
    case 'exited deleting':
    case 'deleting':
    case undefined:
      return podUnknown(text);
    default:
      return error;
  }
};

const isDamaged = (error: unknown): boolean => error instanceof RktError && error.code === 'RKT_POD_FILE_DAMAGED';

const isStale = (error: unknown): boolean =>
  isDamaged(error) || (error instanceof RktError && error.code === 'RKT_POD_STATE');
