import {existsSync} from 'node:fs';
import type {ImageId} from '../contract/names.ts';
import {ageSince} from '../linux/age-since.ts';
import {RktError} from '../rkt-error.ts';
import {imageIds} from './image-ids.ts';
import {lastUsed, touchUsed} from './info.ts';
import {podsUsing} from './pods-using.ts';
import {removal, takeImage, takeTree} from './remove.ts';
import {clearRemoved, removedIds} from './removed.ts';
import {builtImages} from './stage1-images.ts';
import {type ImageStore, imageDirectory, lockImages} from './store.ts';
import {renderedTrees} from './trees.ts';
import {visitsOf} from './visits.ts';

export interface Collected {
  readonly images: readonly ImageId[];
  /** Keys of rendered trees. */
  readonly trees: readonly string[];
}

/**
 * Removes images and rendered trees that neither a pod nor a flavor uses and nobody used for `graceMilliseconds`, images that somebody has removed as soon as no pod has them any more, and what
 * processes that died have left behind. What an image that stays depends on stays too.
 * @param failed told of what cannot be removed; without it that is the end
 */
export const collectImages = (
  store: ImageStore,
  graceMilliseconds: number,
  {now = Date.now(), failed = fail}: {readonly now?: number; readonly failed?: (error: unknown) => void} = {},
): Collected => {
  using _ = removal(store);
  using _lock = lockImages(store, 'exclusive');
  const users = podsUsing(store);
  const ids = imageIds(store);
  const recent = (time: number, directory: string): boolean =>
    ageSince(time, () => touchUsed(store, directory), now) < graceMilliseconds;
  const built = new Set(builtImages(store.dataDir));
  const stays = new Set(
    ids.filter((id) => users.has(id) || built.has(id) || recent(lastUsed(store, id), `images/${id}`)),
  );
  for (const id of [...stays]) for (const dependency of dependenciesOf(store, id)) stays.add(dependency);
  const marked = removedIds(store).filter((id) => !users.has(id));
  const there = marked.filter((id) => existsSync(imageDirectory(store, id)));
  const images = [...ids.filter((id) => !stays.has(id)), ...there].sort();
  const trees = renderedTrees(store)
    .filter(({key, images: of, lastUsed: used}) => {
      const orphan = of.length === 0 || of.some((id) => !stays.has(id as ImageId));
      return !users.has(key) && (orphan || !recent(used, `tree/${key}`));
    })
    .map(({key}) => key);
  const removed = <T>(names: readonly T[], take: (name: T) => void): T[] =>
    names.filter((name) => {
      try {
        take(name);
        return true;
      } catch (error) {
        failed(error);
        return false;
      }
    });
  for (const id of marked) if (!there.includes(id)) clearRemoved(store, id);
  return {
    trees: removed(trees, (key) => takeTree(store, key)),
    images: removed(images, (id) => takeImage(store, id)),
  };
};

/** The same of what somebody has removed alone, as soon as no pod has it any more. Costs one readdir as long as there is none. */
export const collectRemoved = (store: ImageStore, failed: (error: unknown) => void): readonly ImageId[] => {
  const removed = removedIds(store);
  if (removed.length === 0) return [];
  const users = podsUsing(store);
  return removed.every((id) => users.has(id)) ? [] : collectImages(store, Number.POSITIVE_INFINITY, {failed}).images;
};

const fail = (error: unknown): never => {
  throw error;
};

const dependenciesOf = (store: ImageStore, id: ImageId): ImageId[] => {
  try {
    return visitsOf(store, id).map((visit) => visit.id);
  } catch (error) {
    // It cannot run as it is; what it lacks is not for this command to say.
    if (error instanceof RktError) return [];
    throw error;
  }
};
