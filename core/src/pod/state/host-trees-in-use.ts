import type {HostPath, Uuid} from '../../contract/names.ts';
import {namesIn} from '../../linux/names-in.ts';
import {RktError} from '../../rkt-error.ts';
import {podDirectory, podsDirectory} from './layout.ts';
import {readStored} from './stored.ts';

/** Names of the trees of every pod that has been launched and not been found to be over. */
export const hostTreesInUse = (dataDir: HostPath): readonly string[] =>
  namesIn(podsDirectory(dataDir, 'run')).flatMap((uuid) => treesOf(podDirectory(dataDir, 'run', uuid as Uuid)));

const treesOf = (pod: string): readonly string[] => {
  try {
    return readStored(pod, 'hostTrees') ?? [];
  } catch (error) {
    // Cut short by a crash of the machine, which no pod outlives.
    if (error instanceof RktError) return [];
    throw error;
  }
};
