import {readFileSync, statSync} from 'node:fs';
import {namesIn} from '../linux/names-in.ts';
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
    images: imagesOf(`${store.trees}/${key}/info.json`),
    lastUsed: statSync(`${store.trees}/${key}/used`, {throwIfNoEntry: false})?.mtimeMs ?? 0,
  }));
};

const imagesOf = (file: string): string[] => {
  try {
    const {images}: {images: string[]} = JSON.parse(readFileSync(file, 'utf8'));
    return images;
  } catch {
    // Of no image, then: the next collection takes it, unless a pod uses it.
    return [];
  }
};
