import {join} from 'node:path';
import type {HostPath} from '../../contract/names.ts';
import {discard} from '../../image/discard.ts';
import {removal} from '../../image/remove.ts';
import {lockImages, openStore} from '../../image/store.ts';
import {namesIn} from '../../linux/names-in.ts';
import {keptFlavorsDirectory} from '../../stage1/load/kept-flavor.ts';
import {podDirectory} from './layout.ts';
import {uuidsIn} from './list.ts';
import {POD_DIRECTORIES} from './states.ts';
import {readSummary} from './summary.ts';

/** Removes the copies of flavors that no pod has. Costs one readdir as long as there is none. Returns their digests. */
export const collectFlavors = (dataDir: HostPath): readonly string[] => {
  const directory = keptFlavorsDirectory(dataDir);
  const notUsed = (): string[] => {
    const names = namesIn(directory);
    const used = names.length === 0 ? new Set() : digestsInUse(dataDir);
    return names.filter((name) => !used.has(name));
  };
  if (notUsed().length === 0) return [];
  const store = openStore(dataDir);
  using _ = removal(store);
  using _lock = lockImages(store, 'exclusive');
  // Whoever made a pod meanwhile has finished.
  const removed = notUsed();
  for (const name of removed) discard(store, join(directory, name));
  return removed.sort();
};

const digestsInUse = (dataDir: HostPath): Set<string> =>
  new Set(
    POD_DIRECTORIES.flatMap((directory) =>
      uuidsIn(dataDir, directory).map(
        (uuid) => readSummary(podDirectory(dataDir, directory, uuid))?.flavor.digest ?? '',
      ),
    ),
  );
