import type {HostPath, Uuid} from '../../contract/names.ts';
import {namesIn} from '../../linux/names-in.ts';
import {podDirectory, podsDirectory} from './layout.ts';
import {readIfWhole} from './read-if-whole.ts';

/** Names of the trees of every pod that has been launched and not been found to be over. No pod outlives a crash of the machine, which cuts files short. */
export const hostTreesInUse = (dataDir: HostPath): readonly string[] =>
  namesIn(podsDirectory(dataDir, 'run')).flatMap(
    (uuid) => readIfWhole(podDirectory(dataDir, 'run', uuid as Uuid), 'hostTrees') ?? [],
  );
