import {constants, type Dirent, readdirSync} from 'node:fs';
import {join} from 'node:path';
import type {HostPath} from '../contract/names.ts';
import {makeBelow} from '../image/make-below.ts';
import {erofsImage} from '../image/sandbox.ts';
import {makeSpool} from '../image/spool.ts';
import {openStore} from '../image/store.ts';
import {startTool} from '../image/tool.ts';
import {atomicWrite} from '../linux/atomic-write.ts';
import type {Fd} from '../linux/fd.ts';
import {fsyncDirectory, syncFileSystem} from '../linux/fsync.ts';
import {newFileSystem} from '../linux/mount.ts';
import {openStored} from '../linux/open-stored.ts';
import {openHost} from '../linux/openat2.ts';
import {renameNoReplace} from '../linux/rename.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {diskImageFiles, diskImagesDirectory} from './disk-images.ts';
import {diskImageFailed, diskImageNameTooLong, diskImageTooLarge} from './errors.ts';

const READ = constants.O_RDONLY | constants.O_DIRECTORY;

/**
 * Makes the image of some layers, of `most` bytes at most; another rkt that has just made it as well has made the same.
 * @throws RKT_DISK_IMAGE_FAILED, RKT_DISK_IMAGE_NAME_TOO_LONG, RKT_DISK_IMAGE_TOO_LARGE
 */
export const buildDiskImage = async (
  dataDir: HostPath,
  layers: readonly HostPath[],
  key: string,
  most: number,
): Promise<void> => {
  for (const layer of layers) {
    const name = longNameIn(Buffer.from(layer));
    if (name !== undefined) throw diskImageNameTooLong(layers, name.toString());
  }
  const store = openStore(dataDir);
  makeBelow(dataDir, [
    [store.directory, true],
    [diskImagesDirectory(dataDir), true],
  ]);
  using spool = makeSpool(store);
  const files = diskImageFiles(key);
  {
    using tree = mergedTree(layers);
    using directory = openHost(spool.path, READ);
    const failure = await startTool(erofsImage(tree, directory, files.image, most), 'ignore', 'ignore').ended;
    if (failure?.status === 'SIGXFSZ') throw diskImageTooLarge(layers, most);
    if (failure !== undefined) throw diskImageFailed(layers, failure);
    syncFileSystem(directory);
  }
  const images = diskImagesDirectory(dataDir);
  // First: without it the image would be nobody's.
  atomicWrite(join(images, files.layers), JSON.stringify(layers));
  renameIfAbsent(join(spool.path, files.image), join(images, files.image));
  fsyncDirectory(images);
};

/** In bytes: mkfs.erofs (1.5) cuts off what is longer, and looks that up: it fails, or has another file in the place of this one. */
const MAX_NAME = 254;

/** A name below a directory that is too long; `undefined` if there is none, as far as a path reaches. */
const longNameIn = (directory: Buffer): Buffer | undefined => {
  for (const entry of entriesOf(directory)) {
    if (entry.name.length > MAX_NAME) return entry.name;
    const below = entry.isDirectory() ? longNameIn(Buffer.concat([directory, SLASH, entry.name])) : undefined;
    if (below !== undefined) return below;
  }
  return undefined;
};

const SLASH = Buffer.from('/');

const entriesOf = (directory: Buffer): Dirent<Buffer>[] => {
  try {
    return readdirSync(directory, {withFileTypes: true, encoding: 'buffer'}) as Dirent<Buffer>[];
  } catch (error) {
    if (isErrno(error, 'ENAMETOOLONG')) return [];
    throw error;
  }
};

/** What another rkt has made meanwhile stays: it may have it open, and what has no name any more cannot be mounted. */
const renameIfAbsent = (from: string, to: string): void => {
  try {
    renameNoReplace(from, to);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
};

/** One tree of all layers. */
const mergedTree = (layers: readonly HostPath[]): Fd => {
  const [only, ...further] = layers;
  if (only !== undefined && further.length === 0) return openStored(only, READ);
  using open = new DisposableStack();
  const lower = layers.map((layer) => ['lowerdir+', open.use(openStored(layer, READ))] as const);
  return newFileSystem('overlay', lower, ['ro', 'nodev']);
};
