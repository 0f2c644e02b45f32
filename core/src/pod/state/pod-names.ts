import {existsSync, readlinkSync, rmSync, symlinkSync} from 'node:fs';
import type {HostPath, Uuid} from '../../contract/names.ts';
import {makeBelow} from '../../image/make-below.ts';
import type {Fd} from '../../linux/fd.ts';
import {lockDirectory} from '../../linux/lock.ts';
import {namesIn} from '../../linux/names-in.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {podNameTaken} from '../errors.ts';
import {podDirectory} from './layout.ts';
import {POD_DIRECTORIES} from './states.ts';
import {readSummary} from './summary.ts';
import {isUuid} from './uuid.ts';

/*
 * Which pod has which name: a symlink, called like the name, to the pod's UUID. What leads to no pod is free. Who changes one holds a lock that only root can take:
 * members of the group `rkt` may open the directory, and whoever can open one can lock it.
 */

const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;
/** What may begin a UUID is none, so that no text means two pods. */
const LIKE_UUID = /^[0-9a-f-]+$/;

export const isPodName = (text: string): boolean => NAME.test(text) && !LIKE_UUID.test(text);

const podNamesDirectory = (dataDir: HostPath): HostPath => `${dataDir}/pod-names` as HostPath;
const lockOf = (dataDir: HostPath): HostPath => `${dataDir}/locks/pod-names` as HostPath;

/** The pod that has a name, whatever has become of it. */
export const podNamed = (dataDir: HostPath, name: string): Uuid | undefined => {
  try {
    const uuid = readlinkSync(`${podNamesDirectory(dataDir)}/${name}`);
    return isUuid(uuid) ? uuid : undefined;
  } catch (error) {
    // EINVAL: not a symlink.
    if (isErrno(error, 'ENOENT', 'EINVAL')) return undefined;
    throw error;
  }
};

/**
 * Gives a pod, which is on the disk already, a name.
 * @param giveWay makes a pod that has the name vanish, if it may: who has it then, keeps it
 * @throws RKT_POD_NAME_TAKEN
 */
export const claimName = (dataDir: HostPath, name: string, uuid: Uuid, giveWay: (owner: Uuid) => void): void => {
  const directory = podNamesDirectory(dataDir);
  makeBelow(dataDir, [[directory, true]]);
  const owner = ownerOf(dataDir, name);
  if (owner !== undefined) giveWay(owner);
  using _ = lock(dataDir);
  const other = ownerOf(dataDir, name);
  if (other !== undefined) throw podNameTaken(name, other);
  rmSync(`${directory}/${name}`, {force: true});
  symlinkSync(uuid, `${directory}/${name}`);
};

/** Frees the name of a pod that is removed. */
export const releaseName = (dataDir: HostPath, pod: HostPath, uuid: Uuid): void => {
  const name = readSummary(pod)?.podName;
  if (name === undefined || podNamed(dataDir, name) !== uuid) return;
  const directory = podNamesDirectory(dataDir);
  using _ = lock(dataDir);
  if (podNamed(dataDir, name) === uuid) rmSync(`${directory}/${name}`, {force: true});
};

/** Frees the names that lead to no pod: their rkt was killed. */
export const collectNames = (dataDir: HostPath): void => {
  const directory = podNamesDirectory(dataDir);
  const names = namesIn(directory);
  if (names.length === 0) return;
  using _ = lock(dataDir);
  for (const name of names) if (ownerOf(dataDir, name) === undefined) rmSync(`${directory}/${name}`, {force: true});
};

const lock = (dataDir: HostPath): Fd => {
  const take = () => lockDirectory(lockOf(dataDir), 'exclusive', {wait: true});
  let held: Fd | undefined;
  try {
    held = take();
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    makeBelow(dataDir, [[lockOf(dataDir), false]]);
    held = take();
  }
  if (held === undefined) throw new TypeError('a lock that waits was not given');
  return held;
};

/** Who has a name and has not been thrown away. */
const ownerOf = (dataDir: HostPath, name: string): Uuid | undefined => {
  const uuid = podNamed(dataDir, name);
  if (uuid === undefined) return undefined;
  const kept = POD_DIRECTORIES.filter((directory) => directory !== 'garbage');
  return kept.some((directory) => existsSync(podDirectory(dataDir, directory, uuid))) ? uuid : undefined;
};
