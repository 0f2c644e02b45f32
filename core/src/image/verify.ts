import {createHash} from 'node:crypto';
import {constants, fstatSync} from 'node:fs';
import {parseImageManifest} from '../appc/parse-image-manifest.ts';
import type {ImageId} from '../contract/names.ts';
import {O_PATH} from '../linux/openat2.ts';
import {pipe} from '../linux/pipe.ts';
import {readChunks} from '../linux/read-chunks.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {RktError} from '../rkt-error.ts';
import {imageDamaged, readable} from './errors.ts';
import {hashFile} from './hash-file.ts';
import {type ImageInfo, verifyInfo} from './info.ts';
import {labelRecord} from './label-record.ts';
import {manifestText} from './manifest.ts';
import {openInStore, statInStore} from './open-in-store.ts';
import {PIPE_BYTES} from './read-archive.ts';
import {rebuildArchive} from './rebuild.ts';
import {bsdtarCreate} from './sandbox.ts';
import type {ImageStore} from './store.ts';
import type {TarEntry} from './tar/entry.ts';
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
  compare(id, wanted.paths(), await entriesOnDisk(store, id));
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

/** What an archive says about its paths, each as one comparable text. */
interface Listing {
  add(entry: TarEntry): void;
  /** Names of one file share its properties, and each names all of them. */
  readonly paths: () => Map<string, string>;
}

const createListing = (): Listing => {
  const properties = new Map<string, string>();
  const names = new Map<string, string[]>();
  const targets = new Map<string, string>();
  const devices = new Set<string>();
  return {
    add(entry) {
      if (entry.type === 'hardlink') {
        const target = targets.get(entry.linkName) ?? entry.linkName;
        targets.set(entry.path, target);
        names.set(target, [...(names.get(target) ?? [target]), entry.path]);
        return;
      }
      const {type, mode, uid, gid, size, mtime, linkName, device} = entry;
      const xattrs = [...entry.xattrs].map(([name, value]) => [name, value.toString('base64')]).sort();
      // A symlink's mode is what the file system says.
      const own = [type, type === 'symlink' ? 0 : mode, uid, gid, size, mtime, linkName, device, xattrs];
      properties.set(entry.path, JSON.stringify(own));
      if (device !== undefined) devices.add(entry.path);
    },
    paths() {
      for (const [target, group] of names) {
        // bsdtar takes each name of a device for another device.
        if (devices.has(target)) {
          for (const path of group) properties.set(path, properties.get(target) ?? '');
          continue;
        }
        const text = [properties.get(target) ?? '', ...group.sort()].join('\0');
        for (const path of group) properties.set(path, text);
      }
      return properties;
    },
  };
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

const compare = (id: ImageId, wanted: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>): void => {
  for (const [path, properties] of wanted) {
    // The archive's own directory is the image's, which is private; of the manifest the store keeps the bytes, which are in the digest.
    if (path === '' || path === 'manifest') continue;
    const actual = found.get(path);
    if (actual === undefined) throw imageDamaged(id, `${readable(path)} is missing`);
    if (actual !== properties) throw imageDamaged(id, `${readable(path)} has other properties than in its archive`);
  }
  for (const [path, properties] of found) {
    if (!wanted.has(path) && !isImplied(wanted, path, properties))
      throw imageDamaged(id, `${readable(path)} is not in its archive`);
  }
};

const isImplied = (wanted: ReadonlyMap<string, string>, path: string, properties: string): boolean => {
  const [type, mode, uid, gid] = JSON.parse(properties.split('\0')[0] ?? '[]');
  if (type !== 'directory' || mode !== 0o755 || uid !== 0 || gid !== 0) return false;
  for (const other of wanted.keys()) if (other.startsWith(`${path}/`)) return true;
  return false;
};
