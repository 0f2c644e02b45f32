import {lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync} from 'node:fs';
import type {HostPath, Uuid} from '../../contract/names.ts';
import type {Pod} from '../../contract/pod.ts';
import {namesIn} from '../../linux/names-in.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {idRangesExhausted, idRangeTaken} from '../errors.ts';
import {locatePod} from './find.ts';
import {idRangesDirectory} from './layout.ts';
import {isUuid} from './uuid.ts';

/*
 * Who has which ids of the host. A range that a pod has is a symlink, named by its first id, to the pod's UUID: it is made whole or not at all, and by one
 * process only. (S24)
 */

export type IdMap = NonNullable<Pod['idMap']>;

/** Ids of each pod, as systemd's containers and newuidmap(1) have them; systemd-nspawn takes only multiples of it as a base. */
export const RANGE = 65_536;
/** The ids that systemd keeps for containers (https://systemd.io/UIDS-GIDS): `[FIRST, END)`. */
export const FIRST = 0x0008_0000;
export const END = 0x6fff_0000;
const RANGES = (END - FIRST) / RANGE;

/** An orphan this old belongs to nobody who is still on the way to make its pod. */
const ORPHAN_AFTER = 3_600_000;

/** The ranges in the order in which a pod takes the first that is free: they begin anywhere, so that starting pods do not meet. */
const candidates = function* (uuid: Uuid): Generator<number> {
  const start = Number.parseInt(uuid.slice(0, 8), 16) % RANGES;
  for (let index = 0; index < RANGES; index++) yield FIRST + ((start + index) % RANGES) * RANGE;
};

/** The range that a pod would have on an otherwise empty host. */
export const likelyRange = (uuid: Uuid): IdMap => {
  const [base = FIRST] = candidates(uuid);
  return {base, count: RANGE};
};

/**
 * Takes a range that no other pod of this data directory has, nor a user of the host for containers of its own.
 * @throws RKT_POD_ID_RANGES_EXHAUSTED
 */
export const claimRange = (dataDir: HostPath, uuid: Uuid): IdMap => {
  const directory = makeDirectory(dataDir);
  const reserved = reservedRanges();
  for (const base of candidates(uuid)) {
    if (!reserved.has(base) && take(directory, base, uuid)) return {base, count: RANGE};
  }
  throw idRangesExhausted(RANGES);
};

/**
 * Makes sure that a range is still the pod's.
 * @throws RKT_POD_ID_RANGE_TAKEN
 */
export const keepRange = (dataDir: HostPath, uuid: Uuid, {base}: IdMap): void => {
  const directory = makeDirectory(dataDir);
  if (take(directory, base, uuid)) return;
  const owner = ownerOf(directory, String(base));
  if (owner !== uuid) throw idRangeTaken(uuid, base, owner ?? 'nobody any more');
};

/** A range that a pod can have: that one if it is still its own or nobody's, else another. It is not taken by that. */
export const freeRange = (dataDir: HostPath, uuid: Uuid, wanted: IdMap): IdMap => {
  const directory = idRangesDirectory(dataDir);
  if ([undefined, uuid].includes(ownerOf(directory, String(wanted.base)) as Uuid | undefined)) return wanted;
  const reserved = reservedRanges();
  for (const base of candidates(uuid)) {
    if (!reserved.has(base) && ownerOf(directory, String(base)) === undefined) return {base, count: RANGE};
  }
  throw idRangesExhausted(RANGES);
};

/** Gives back whatever range a pod has. */
export const releaseRange = (dataDir: HostPath, uuid: Uuid, {base}: IdMap): void => {
  const directory = idRangesDirectory(dataDir);
  if (ownerOf(directory, String(base)) === uuid) rmSync(`${directory}/${base}`, {force: true});
};

/** Gives back the ranges of pods that are not there: their rkt was killed just before it made, or just after it removed one. */
export const collectRanges = (dataDir: HostPath, now = Date.now()): void => {
  const directory = idRangesDirectory(dataDir);
  for (const name of namesIn(directory)) {
    const owner = ownerOf(directory, name);
    const since = lstatSync(`${directory}/${name}`, {throwIfNoEntry: false})?.mtimeMs;
    if (since === undefined || now - since < ORPHAN_AFTER) continue;
    if (owner === undefined || !isUuid(owner) || locatePod(dataDir, owner) === undefined) {
      rmSync(`${directory}/${name}`, {force: true});
    }
  }
};

const makeDirectory = (dataDir: HostPath): HostPath => {
  const directory = idRangesDirectory(dataDir);
  mkdirSync(directory, {recursive: true, mode: 0o700});
  return directory;
};

const take = (directory: string, base: number, uuid: Uuid): boolean => {
  try {
    symlinkSync(uuid, `${directory}/${base}`);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
};

const ownerOf = (directory: string, name: string): string | undefined => {
  try {
    return readlinkSync(`${directory}/${name}`);
  } catch (error) {
    // EINVAL: not a symlink.
    if (isErrno(error, 'ENOENT', 'EINVAL')) return undefined;
    throw error;
  }
};

/** subuid(5) and subgid(5): name, first id, count. passwd(5) and group(5): the third field is an id. */
const FILES = [
  ['/etc/subuid', (fields: readonly string[]) => [Number(fields[1]), Number(fields[2])]],
  ['/etc/subgid', (fields: readonly string[]) => [Number(fields[1]), Number(fields[2])]],
  ['/etc/passwd', (fields: readonly string[]) => [Number(fields[2]), 1]],
  ['/etc/group', (fields: readonly string[]) => [Number(fields[2]), 1]],
] as const;

/** The first ids of the ranges that something on this host uses. */
const reservedRanges = (): Set<number> => new Set(FILES.flatMap(([file, read]) => rangesIn(text(file), read)));

/** The ranges that lines with fields between colons are about. */
export const rangesIn = (content: string, read: (fields: readonly string[]) => readonly (number | undefined)[]) =>
  content.split('\n').flatMap((line) => {
    const [first = Number.NaN, count = Number.NaN] = read(line.split(':'));
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || count < 1) return [];
    const [from, to] = [Math.max(first, FIRST), Math.min(first + count, END)];
    const bases: number[] = [];
    for (let base = from - (from % RANGE); base < to; base += RANGE) bases.push(base);
    return bases;
  });

const text = (file: string): string => {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  }
};
