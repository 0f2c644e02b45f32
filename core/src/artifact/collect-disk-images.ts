import {existsSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {type ImageStore, lockImages} from '../image/store.ts';
import {namesIn} from '../linux/names-in.ts';
import {diskImageFiles, diskImagesDirectory, readLayers} from './disk-images.ts';

const KEY = /^([^.]+)\.(?:erofs|json)$/;

/** Removes file system images of layers that are not there any more. Pods that have one keep it: it is open. Returns the names of what was removed. */
export const collectDiskImages = (store: ImageStore): readonly string[] => {
  using _lock = lockImages(store, 'exclusive');
  const directory = diskImagesDirectory(store.dataDir);
  const names = namesIn(directory);
  const keys = new Set(names.flatMap((name) => KEY.exec(name)?.[1] ?? []));
  const removed = [...keys].filter((key) => {
    const layers = readLayers(join(directory, diskImageFiles(key).layers));
    return layers === undefined || !layers.every((layer) => existsSync(layer));
  });
  for (const key of removed) {
    for (const name of Object.values(diskImageFiles(key))) rmSync(join(directory, name), {force: true});
  }
  return removed.sort();
};
