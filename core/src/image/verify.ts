import {createHash} from 'node:crypto';
import {constants, fstatSync} from 'node:fs';
import {parseImageManifest} from '../appc/parse-image-manifest.ts';
import type {ImageId} from '../contract/names.ts';
import {O_PATH} from '../linux/openat2.ts';
import {pipe} from '../linux/pipe.ts';
import {readChunks} from '../linux/read-chunks.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {RktError} from '../rkt-error.ts';
import {imageDamaged} from './errors.ts';
import {hashFile} from './hash-file.ts';
import {type ImageInfo, verifyInfo} from './info.ts';
import {labelRecord} from './label-record.ts';
import {createListing, firstDifference} from './listing.ts';
import {manifestText} from './manifest.ts';
import {openInStore, statInStore} from './open-in-store.ts';
import {PIPE_BYTES} from './read-archive.ts';
import {rebuildArchive} from './rebuild.ts';
import {bsdtarCreate} from './sandbox.ts';
import type {ImageStore} from './store.ts';
import {createTarScanner} from './tar/scan.ts';
import {startTool} from './tool.ts';

/**
 * Compares an image with its ID and its tree with its archive: a changed byte, mode, owner, time, xattr, link or device, a file too
 * many or too few (S12).
 * @throws RKT_IMAGE_DAMAGED with the first difference, RKT_IMAGE_NOT_FOUND
 */
export const verifyImage = async (store: ImageStore, id: ImageId): Promise<void> => {
  const info = infoOf(store, id);
  if (hashOf(store, `images/${id}/tar-split.zst`) !== info.tarSplit)
    throw imageDamaged(id, 'tar-split.zst has been changed');
  using directory = openInStore(store, `images/${id}`, O_PATH | constants.O_DIRECTORY);
  const own = fstatSync(directory.number);
  if ((own.mode & 0o7777) !== 0o700 || own.uid !== process.geteuid?.())
    throw imageDamaged(id, 'others may look into it');

  const wanted = createListing();
  const hash = createHash('sha512');
  await rebuildArchive(store, id, {
    bytes: (bytes) => hash.update(bytes),
    entry: wanted.add,
  });
  if (`sha512-${hash.digest('hex')}` !== id) throw imageDamaged(id, 'a file has been changed');
  const manifest = parseImageManifest(Buffer.from(manifestText(store, id)));
  const labels = labelRecord(manifest.labels);
  if (manifest.name !== info.name || JSON.stringify(labels) !== JSON.stringify(info.labels)) {
    throw imageDamaged(id, 'info.json does not fit the manifest');
  }
  const problem = firstDifference(wanted.paths(), await entriesOnDisk(store, id));
  if (problem !== undefined) throw imageDamaged(id, problem);
};

/** Of an image that is there. */
const infoOf = (store: ImageStore, id: ImageId): ImageInfo => {
  try {
    return verifyInfo(store, id);
  } catch (error) {
    const isThere = statInStore(store, `images/${id}`) !== undefined;
    if (error instanceof RktError && error.code === 'RKT_IMAGE_NOT_FOUND' && isThere)
      throw imageDamaged(id, 'info.json is missing', error);
    throw error;
  }
};

/** `undefined` if it is not there. */
const hashOf = (store: ImageStore, path: string): string | undefined => {
  try {
    using file = openInStore(store, path, constants.O_RDONLY | constants.O_NONBLOCK);
    return hashFile(file);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ELOOP')) return undefined;
    throw error;
  }
};

const entriesOnDisk = async (store: ImageStore, id: ImageId): Promise<Map<string, string>> => {
  const output = pipe({bytes: PIPE_BYTES});
  using read = output.read;
  using directory = openInStore(store, `images/${id}`, O_PATH | constants.O_DIRECTORY);
  const command = bsdtarCreate(directory, ['--', 'manifest', 'rootfs']);
  const tool = startTool(command, 'ignore', output.write.number);
  output.write.close();
  const found = createListing();
  const scanner = createTarScanner({entry: found.add}, {fromHost: true});
  try {
    for (const chunk of readChunks(read)) scanner.push(chunk);
    scanner.end();
    const failure = await tool.ended;
    if (failure !== undefined) throw imageDamaged(id, `its tree cannot be read: ${failure.output}`);
  } catch (cause) {
    if (!(cause instanceof RktError) || cause.code === 'RKT_IMAGE_DAMAGED') throw cause;
    throw imageDamaged(id, `its tree has what no image may have: ${cause.message}`, cause);
  } finally {
    tool.kill();
  }
  return found.paths();
};
