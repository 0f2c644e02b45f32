import {lstatSync} from 'node:fs';
import path from 'node:path';
import type {Mount, Volume} from '../../contract/pod.ts';
import type {ImageTree} from './image-tree.ts';
import {innermost} from './nested-mounts.ts';

/**
 * What an app will see where: its image, and host volumes over it. Says no more than that something is there now; what it is, and whether it leads out of the
 * volume, shows when it is opened.
 */
export const treeWithVolumes = (
  tree: Pick<ImageTree, 'has'>,
  mounts: readonly Mount[],
  volumes: readonly Volume[],
): Pick<ImageTree, 'has'> => ({
  has(file) {
    const wanted = path.posix.normalize(file);
    const over = innermost(mounts, wanted);
    const volume = volumes.find(({name}) => name === over?.volume);
    if (over === undefined || volume?.kind !== 'host') return tree.has(file);
    return lstatSync(`${volume.source}${wanted.slice(over.path.length)}`, {throwIfNoEntry: false}) !== undefined;
  },
});
