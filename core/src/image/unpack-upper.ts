import {constants} from 'node:fs';
import type {HostPath} from '../contract/names.ts';
import type {Fd} from '../linux/fd.ts';
import {openBeneath, openHost} from '../linux/openat2.ts';
import {readChunks} from '../linux/read-chunks.ts';
import {setXattr} from '../linux/xattr.ts';
import {checkTree} from './check-tree.ts';
import {startExtraction} from './extract.ts';
import type {TarEntry} from './tar/entry.ts';
import {MTIME} from './tar/make-entry.ts';
import {OPAQUE} from './tar/pax.ts';
import {createTarScanner} from './tar/scan.ts';

/**
 * Unpacks what an overlay had above its layers, with its whiteouts and opaque directories, so that it can be a layer again: an archive that a stranger made, not compressed, with one directory `rootfs`.
 * @param directory an empty one; `rootfs` in it is that layer afterwards
 * @throws RKT_IMAGE_… for what no image could have either, RKT_IMAGE_TOOL_MISSING, ENOSPC, EDQUOT
 */
export const unpackUpper = async (archive: Fd, directory: HostPath): Promise<void> => {
  using extraction = startExtraction(directory);
  const scanner = createTarScanner(
    {
      entry: (entry) => extraction.entry(storable(entry)),
      payload: (bytes) => extraction.content(bytes),
    },
    {fromHost: true, isUpper: true},
  );
  for (const chunk of readChunks(archive)) scanner.push(chunk);
  scanner.end();
  await extraction.finish();
  checkTree(directory, new Map([...scanner.made].map(([path, entry]) => [path, entry && storable(entry)])));
  using tree = openHost(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  for (const [path, entry] of scanner.made) if (entry?.isOpaque) hideBelow(tree, path);
};

const hideBelow = (tree: Fd, path: string): void => {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY;
  using directory = openBeneath(tree, Buffer.from(path, 'latin1'), flags, {noSymlinks: true});
  setXattr(directory, OPAQUE, Buffer.from('y'));
};

/** A file in memory can have times that one on a disk cannot: those get the next that it can. */
const storable = (entry: TarEntry): TarEntry => {
  const {seconds} = entry.mtime;
  if (seconds >= MTIME.min && seconds <= MTIME.max) return entry;
  return {...entry, mtime: {seconds: seconds < MTIME.min ? MTIME.min : MTIME.max, nanoseconds: 0}};
};
