import {existsSync, realpathSync} from 'node:fs';
import type {HostPath} from '../../contract/names.ts';
import {RktError} from '../../rkt-error.ts';
import {flavorReplaced} from '../errors.ts';
import {type FoundFlavor, loadFlavor} from './find.ts';
import {flavorDigest} from './flavor-digest.ts';
import {copiedParts, ENTRY, PACKAGES} from './flavor-parts.ts';

/** Copies of flavors that pods have been made with, by their digests. */
export const keptFlavorsDirectory = (dataDir: HostPath): HostPath => `${dataDir}/cas/flavor-copies` as HostPath;

export const keptFlavorDirectory = (dataDir: HostPath, digest: string): HostPath =>
  `${keptFlavorsDirectory(dataDir)}/${digest}` as HostPath;

/** Whether a copy is what its digest says. */
export const isWhole = (directory: string, digest: string): boolean => {
  const parts = copiedParts(directory);
  return parts !== undefined && flavorDigest(parts) === digest;
};

/**
 * The flavor that a pod has been made with, from the copy that is kept of it; `undefined` if none is.
 * @param pinned what the pod says of it, with the digest of what is at its place now
 * @throws RKT_FLAVOR_REPLACED if the copy is damaged, or is not all that the flavor needs
 */
export const keptFlavor = async (
  dataDir: HostPath,
  {
    name,
    source,
    digest,
    found,
  }: {readonly name: string; readonly source: string; readonly digest: string; readonly found: string},
  options: Parameters<typeof loadFlavor>[1],
): Promise<FoundFlavor | undefined> => {
  const directory = keptFlavorDirectory(dataDir, digest);
  if (!existsSync(directory)) return undefined;
  if (!isWhole(directory, digest))
    throw flavorReplaced(name, digest, found, `${directory}, the copy that was kept of it, is damaged`);
  try {
    const packages = `${realpathSync(directory)}/${PACKAGES}`;
    const copy = existsSync(packages) ? packages : undefined;
    const {flavor} = await loadFlavor(realpathSync(`${directory}/${ENTRY}`), {...options, copy});
    return {flavor, digest, source};
  } catch (cause) {
    if (!(cause instanceof RktError)) throw cause;
    throw flavorReplaced(name, digest, found, `the copy that was kept of it cannot be used: ${cause.message}`, cause);
  }
};
