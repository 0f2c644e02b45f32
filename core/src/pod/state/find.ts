import {existsSync} from 'node:fs';
import type {HostPath, Uuid} from '../../contract/names.ts';
import {podAmbiguous, podUnknown} from '../errors.ts';
import {podDirectory} from './layout.ts';
import {uuidsIn} from './list.ts';
import {loadPod, type PodEntry} from './load.ts';
import {isPodName, podNamed} from './pod-names.ts';
import {POD_DIRECTORIES, type PodDirectory} from './states.ts';
import {isUuid, parseUuidPrefix} from './uuid.ts';

/** Where a pod is now, looked for in the order of its life, so that it is not missed while it moves. */
export const locatePod = (dataDir: HostPath, uuid: Uuid): PodDirectory | undefined =>
  POD_DIRECTORIES.find((directory) => existsSync(podDirectory(dataDir, directory, uuid)));

/**
 * The one pod that has the name `text`, or whose UUID begins so.
 * @throws RKT_POD_UUID_INVALID, RKT_POD_UNKNOWN, RKT_POD_AMBIGUOUS with the candidates
 */
export const findUuid = (dataDir: HostPath, text: string): Uuid => {
  if (isPodName(text)) {
    const named = podNamed(dataDir, text);
    if (named === undefined || locatePod(dataDir, named) === undefined) throw podUnknown(text);
    return named;
  }
  const prefix = parseUuidPrefix(text);
  if (isUuid(prefix)) return prefix;
  const candidates = new Set<Uuid>();
  for (const directory of POD_DIRECTORIES) {
    for (const uuid of uuidsIn(dataDir, directory)) if (uuid.startsWith(prefix)) candidates.add(uuid);
  }
  const [uuid, ...others] = [...candidates].sort();
  if (uuid === undefined) throw podUnknown(prefix);
  if (others.length > 0) throw podAmbiguous(prefix, [uuid, ...others]);
  return uuid;
};

/** {@link findUuid} and what can be seen of the pod. */
export const findPod = (dataDir: HostPath, text: string): PodEntry => {
  const pod = seePod(dataDir, findUuid(dataDir, text));
  if (pod === undefined) throw podUnknown(text);
  return pod;
};

/** What can be seen of a pod; `undefined` if it is gone. */
export const seePod = (dataDir: HostPath, uuid: Uuid): PodEntry | undefined => {
  for (const directory of POD_DIRECTORIES) {
    if (!existsSync(podDirectory(dataDir, directory, uuid))) continue;
    const pod = loadPod(dataDir, directory, uuid);
    if (pod !== undefined) return pod;
  }
  return undefined;
};
