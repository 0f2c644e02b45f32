import {existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import type {HostPath} from '../../contract/names.ts';
import {discard} from '../../image/discard.ts';
import {isImageId} from '../../image/image-ids.ts';
import {makeSpool} from '../../image/spool.ts';
import {openStore} from '../../image/store.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {flavorChanged} from '../errors.ts';
import type {FoundFlavor} from './find.ts';
import {flavorDigest} from './flavor-digest.ts';
import {type FlavorPart, flavorParts} from './flavor-parts.ts';
import {isWhole, keptFlavorDirectory, keptFlavorsDirectory} from './kept-flavor.ts';

/**
 * Keeps a copy of a flavor for the pods that run with it, whatever becomes of its package: root's, by its digest, there whole or not at all. An image is kept by its ID already. The caller holds the images
 * until the pod says which flavor it has.
 * @returns `false` if it is too large
 * @throws RKT_FLAVOR_CHANGED, ENOSPC, EDQUOT
 */
export const keepFlavor = (dataDir: HostPath, {flavor, source, digest, own = false}: FoundFlavor): boolean => {
  if (isImageId(source)) return true;
  const store = openStore(dataDir);
  const directory = keptFlavorDirectory(dataDir, digest);
  const isThere = existsSync(directory);
  if (isThere && isWhole(directory, digest)) return true;
  const parts = flavorParts(source, own);
  if (parts === undefined) return false;
  if (flavorDigest(parts) !== digest) throw flavorChanged(flavor.declaration.name, source);
  using spool = makeSpool(store);
  const made = path.join(spool.path, 'flavor');
  mkdirSync(made, {mode: PRIVATE});
  for (const part of parts) write(made, part);
  if (isThere) ignoring('ENOENT', () => discard(store, directory));
  mkdirSync(keptFlavorsDirectory(dataDir), {recursive: true, mode: PRIVATE});
  // Somebody else has made the same.
  ignoring('ENOTEMPTY', () => renameSync(made, directory));
  return true;
};

/** Of what the copies are in, by which nobody else comes to them. */
const PRIVATE = 0o700;

/** For nobody, who runs it and is shown it alone. */
const write = (directory: string, part: FlavorPart): void => {
  const file = path.join(directory, part.at);
  mkdirSync(path.dirname(file), {recursive: true, mode: 0o755});
  if ('link' in part) symlinkSync(part.link, file);
  else writeFileSync(file, part.content, {flag: 'wx', mode: part.at.startsWith('program/') ? 0o755 : 0o644});
};

const ignoring = (code: 'ENOENT' | 'ENOTEMPTY', act: () => void): void => {
  try {
    act();
  } catch (error) {
    if (!isErrno(error, code)) throw error;
  }
};
