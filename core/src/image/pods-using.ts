import {readdirSync} from 'node:fs';
import type {HostPath} from '../contract/names.ts';
import type {Pod} from '../contract/pod.ts';
import {readJsonIfWhole} from '../linux/read-json.ts';
import {isErrno} from '../linux/syscall-error.ts';
import type {ImageStore} from './store.ts';

const list = (directory: string): string[] => {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
};

/** Where pods are that can have images, in the order of their life: one that moves meanwhile is not missed. */
export const KEEPING = ['embryo', 'prepare', 'prepared', 'run', 'exited-garbage'] as const;

/**
 * Names of images and trees (`sha512-…`, keys of `cas/tree`) that pods hold, each with the UUIDs of these pods: of every pod that is not being deleted, whatever
 * its state, the images of its apps and of its stage1, and the directories that it has of them. Hold the store exclusively.
 * @param among only pods in these directories
 */
export const podsUsing = (
  store: ImageStore,
  among: readonly (typeof KEEPING)[number][] = KEEPING,
): Map<string, Set<string>> => {
  const users = new Map<string, Set<string>>();
  const note = (name: string, pod: string): void => {
    const pods = users.get(name) ?? new Set();
    users.set(name, pods.add(pod));
  };
  const pods = `${store.dataDir}/pods`;
  for (const state of among) {
    for (const uuid of list(`${pods}/${state}`)) {
      // No such file in a pod that is not prepared yet, whose maker holds the store; cut short in one that a crash left behind, which cannot run.
      const {apps = [], stage1} = readJsonIfWhole<Pod>(`${pods}/${state}/${uuid}/frozen.json`) ?? {};
      if (stage1 !== undefined) {
        note(stage1.image.id, uuid);
        noteLayer(store, stage1.tree, (name) => note(name, uuid));
      }
      for (const {image, rootfs} of apps) {
        note(image.id, uuid);
        if (rootfs.kind === 'overlay')
          for (const path of rootfs.lower) noteLayer(store, path, (name) => note(name, uuid));
      }
    }
  }
  return users;
};

const noteLayer = (store: ImageStore, path: HostPath, note: (name: string) => void): void => {
  for (const parent of [store.images, store.trees]) {
    if (path.startsWith(`${parent}/`)) note(path.slice(parent.length + 1).split('/', 1)[0] ?? '');
  }
};
