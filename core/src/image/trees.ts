import {namesIn} from '../linux/names-in.ts';
import {readInStore, statInStore} from './open-in-store.ts';
import type {ImageStore} from './store.ts';

export interface RenderedTree {
  readonly key: string;
  readonly images: readonly string[];
  /** Milliseconds since 1970. */
  readonly lastUsed: number;
}

/** Every rendered tree of the store. */
export const renderedTrees = (store: ImageStore): RenderedTree[] => {
  return namesIn(store.trees).map((key) => ({
    key,
    images: imagesOf(store, key),
    lastUsed: statInStore(store, `tree/${key}/used`)?.mtimeMs ?? 0,
  }));
};

/** As many images as a rendering may have, each an ID. */
const MOST_BYTES = 256 * 1024;

/** The images that a tree has been rendered of. */
export const imagesOf = (store: ImageStore, key: string): string[] => {
  try {
    const {images}: {images: unknown[]} = JSON.parse(readInStore(store, `tree/${key}/info.json`, MOST_BYTES));
    return images.map(String);
  } catch {
    // Of no image, then: the next collection takes it, unless a pod uses it.
    return [];
  }
};
