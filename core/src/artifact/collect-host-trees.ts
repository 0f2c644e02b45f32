import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {discard} from '../image/discard.ts';
import {removal} from '../image/remove.ts';
import {type ImageStore, lockImages} from '../image/store.ts';
import {namesIn} from '../linux/names-in.ts';
import {hostTreesDirectory, isCurrent, readTreeRecord} from './host-trees.ts';

/**
 * Removes trees of the host's programs that no running pod uses and that are not of the files that the host has now, and what interrupted commands have
 * left of some. Waits while pods take trees. Returns the names of what was a whole tree.
 * @param inUse names of the trees of running pods; asked while none can take another
 */
export const collectHostTrees = (store: ImageStore, inUse: () => Iterable<string>): readonly string[] => {
  using _ = removal(store);
  using _lock = lockImages(store, 'exclusive');
  const directory = hostTreesDirectory(store.dataDir);
  const stays = new Set(inUse());
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
    if (!name.startsWith('.')) removed.push(name);
  }
  return removed.sort();
};
