import {rmSync} from 'node:fs';
import {join} from 'node:path';
import type {HostPath, Uuid} from '../contract/names.ts';
import {discard} from '../image/discard.ts';
import {removal} from '../image/remove.ts';
import {type ImageStore, lockImages} from '../image/store.ts';
import {namesIn} from '../linux/names-in.ts';
import {RktError} from '../rkt-error.ts';
import {isCurrent, MAKING, readTreeRecord} from './host-trees.ts';
import {hostTreesDirectory, podDirectory, podsDirectory} from './layout.ts';
import {readStored} from './stored.ts';

/**
 * Removes trees of the host's programs that no running pod uses and that are not of the files that the host has now, and what interrupted commands have
 * left of some. Waits while pods take trees. Returns the names of what was a whole tree.
 */
export const collectHostTrees = (store: ImageStore): readonly string[] => {
  using _ = removal(store);
  using lock = lockImages(store, 'exclusive');
  void lock;
  const directory = hostTreesDirectory(store.dataDir);
  const stays = treesInUse(store.dataDir);
  const removed: string[] = [];
  const names = namesIn(directory);
  for (const name of names.filter((entry) => entry.endsWith('.json'))) {
    const record = readTreeRecord(`${directory}/${name}`);
    if (record !== undefined && names.includes(record.tree) && isCurrent(record)) stays.add(record.tree);
    else rmSync(join(directory, name));
  }
  for (const name of names) {
    if (name.endsWith('.json') || stays.has(name)) continue;
    discard(store, join(directory, name));
    if (!name.startsWith(MAKING)) removed.push(name);
  }
  return removed.sort();
};

/** Of every pod that has been launched and not been found to be over. */
const treesInUse = (dataDir: HostPath): Set<string> =>
  new Set(
    namesIn(podsDirectory(dataDir, 'run')).flatMap((uuid) => treesOf(podDirectory(dataDir, 'run', uuid as Uuid))),
  );

const treesOf = (pod: string): readonly string[] => {
  try {
    return readStored(pod, 'hostTrees') ?? [];
  } catch (error) {
    // Cut short by a crash of the machine, which no pod outlives.
    if (error instanceof RktError) return [];
    throw error;
  }
};
