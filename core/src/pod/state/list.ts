import type {HostPath, Uuid} from '../../contract/names.ts';
import {namesIn} from '../../linux/names-in.ts';
import {podsDirectory} from './layout.ts';
import {lookAtMany} from './liveness.ts';
import {loadPod, type PodEntry} from './load.ts';
import {POD_DIRECTORIES, type PodDirectory} from './states.ts';
import {isUuid} from './uuid.ts';

/** UUIDs of the pods in one directory, in no order. */
export const uuidsIn = (dataDir: HostPath, directory: PodDirectory): Uuid[] =>
  namesIn(podsDirectory(dataDir, directory)).filter(isUuid);

/** Directories that rkt lists: embryos are nothing yet, garbage nothing any more. */
const LISTED: readonly PodDirectory[] = ['prepare', 'prepared', 'run', 'exited-garbage'];

/** All pods, the oldest first. One that moves meanwhile is there once, where it was seen last. */
export const listPods = (dataDir: HostPath, directories: readonly PodDirectory[] = LISTED): PodEntry[] => {
  const pods = new Map<Uuid, PodEntry>();
  const look = lookAtMany();
  // The order of a pod's life: what moves on is found further on.
  for (const directory of POD_DIRECTORIES) {
    if (!directories.includes(directory)) continue;
    for (const uuid of uuidsIn(dataDir, directory)) {
      const pod = loadPod(dataDir, directory, uuid, look);
      if (pod !== undefined) pods.set(uuid, pod);
    }
  }
  return [...pods.values()].sort((a, b) => a.createdAt - b.createdAt || (a.uuid < b.uuid ? -1 : 1));
};
