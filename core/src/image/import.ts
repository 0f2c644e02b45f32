import {createHash} from 'node:crypto';
import {
  chmodSync,
  chownSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import type {ImageManifest} from '../appc/image-manifest.ts';
import {parseImageManifest} from '../appc/parse-image-manifest.ts';
import type {HostPath, ImageId} from '../contract/names.ts';
import {log} from '../debug.ts';
import {fsyncDirectory, syncFileSystem} from '../linux/fsync.ts';
import {lockDirectory} from '../linux/lock.ts';
import {openHost} from '../linux/openat2.ts';
import {exchange, renameNoReplace} from '../linux/rename.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {checkTree} from './check-tree.ts';
import {isKnownDamaged} from './damage.ts';
import {imageDamagedInUse} from './errors.ts';
import {startExtraction} from './extract.ts';
import {hashFile} from './hash-file.ts';
import {addToIndex} from './image-index.ts';
import {type ImageInfo, readInfo, replaceInfo, touchImage, writeInfo} from './info.ts';
import {labelRecord} from './label-record.ts';
import {RATIO_LIMITS, type RatioLimits, TAR_LIMITS, type TarLimits} from './limits.ts';
import {podsUsing} from './pods-using.ts';
import {type ArchiveSource, readArchive} from './read-archive.ts';
import {refuseUnmakeable} from './refuse-unmakeable.ts';
import {clearRemoved} from './removed.ts';
import {makeSpool} from './spool.ts';
import {holdImages, type ImageStore, imageDirectory} from './store.ts';
import type {TarEntry} from './tar/entry.ts';
import {createTarScanner, type TarScanner} from './tar/scan.ts';
import {writeTarSplit} from './tar-split.ts';

export interface ImportOptions {
  /** Where the archive comes from, as the operator said it. */
  readonly source: string;
  /** Throws for a manifest that is in order, but not wanted. */
  readonly check?: (manifest: ImageManifest) => void;
  /** For tests. */
  readonly limits?: TarLimits;
  readonly ratio?: RatioLimits;
}

/**
 * Takes an archive into the store, in one pass: decompress, hash, judge, unpack. Nothing is visible before all of it is in order and on disk; an image that is
 * there already stays as it is.
 * @throws RKT_IMAGE_… for whatever is wrong with the archive, RKT_IMAGE_MANIFEST_INVALID
 */
export const importImage = async (
  store: ImageStore,
  source: ArchiveSource,
  options: ImportOptions,
): Promise<ImageId> => {
  using spool = makeSpool(store);
  const tree = `${spool.path}/image` as HostPath;
  mkdirSync(tree, {mode: 0o700});
  const info = await unpackArchive(source, spool.path, tree, options);
  writeInfo(tree, info);
  syncTree(tree);
  publish(store, spool.path, tree, info);
  return info.id;
};

/** Makes all of an image but `info.json` and `used` in a directory of the spool, which is empty. What is to be in `info.json` comes back. */
export const unpackArchive = async (
  source: ArchiveSource,
  spool: string,
  tree: HostPath,
  options: ImportOptions,
): Promise<ImageInfo> => {
  const archive = await readArchive(source, options.ratio ?? RATIO_LIMITS);
  using extraction = startExtraction(tree);
  using split = writeTarSplit(`${spool}/tar-split.zst`);
  const scanner = createTarScanner(
    {
      raw: split.write,
      // Judged before anyone acts on it. The manifest is ours to write, and the archive's own directory is the image's, which is private.
      entry: (entry) => {
        refuseUnmakeable(entry);
        if (isInRootfs(entry)) extraction.entry(entry);
      },
      payload: (bytes, entry) => {
        if (isInRootfs(entry)) extraction.content(bytes);
      },
    },
    {limits: options.limits ?? TAR_LIMITS},
  );
  const hash = createHash('sha512');
  let size = 0;
  for await (const chunk of archive.chunks) {
    scanner.push(chunk);
    hash.update(chunk);
    size += chunk.length;
    archive.checkRatio(scanner.count);
  }
  scanner.end();
  const manifest = parseImageManifest(scanner.manifest);
  options.check?.(manifest);
  split.finish();
  await extraction.finish();
  checkTree(tree, scanner.made);
  writeManifest(`${tree}/manifest`, scanner);
  renameSync(`${spool}/tar-split.zst`, `${tree}/tar-split.zst`);
  using splitFile = openHost(`${tree}/tar-split.zst`, constants.O_RDONLY | constants.O_NOFOLLOW);
  return {
    id: `sha512-${hash.digest('hex')}` as ImageId,
    name: manifest.name,
    labels: labelRecord(manifest.labels),
    size,
    archiveSize: archive.bytesRead(),
    compression: archive.compression,
    importTime: Date.now(),
    source: options.source,
    implicitDirectories: scanner.implicit,
    tarSplit: hashFile(splitFile),
  };
};

const isInRootfs = ({path}: TarEntry): boolean => path !== '' && path !== 'manifest';

/** What was parsed, never what was unpacked. */
const writeManifest = (file: string, {manifest, made}: TarScanner): void => {
  writeFileSync(file, manifest, {flag: 'wx', mode: 0o600});
  const entry = made.get('manifest');
  if (entry === undefined) return;
  chownSync(file, entry.uid, entry.gid);
  chmodSync(file, entry.mode & 0o777);
  utimesSync(file, entry.mtime.seconds, entry.mtime.seconds);
};

/** Makes a tree durable that is not in its place yet: one call for the thousands of files of an image. Measured, it costs a third of what the rest of an import does on a disk of 1.4 GB/s. */
export const syncTree = (tree: string): void => {
  using directory = openHost(tree, constants.O_RDONLY | constants.O_DIRECTORY);
  fsyncSync(directory.number);
  syncFileSystem(directory);
};

/** Nobody removes the image between a look whether it is there and what follows from it, nor takes the row from the index that it gets here. */
const publish = (store: ImageStore, spool: string, tree: string, info: ImageInfo): void => {
  using _held = holdImages(store);
  const target = imageDirectory(store, info.id);
  if (!existsSync(target)) {
    // Of one that has gone since it was removed.
    clearRemoved(store, info.id);
    addToIndex(store, info);
    try {
      renameNoReplace(tree, target);
      fsyncDirectory(store.images);
      log('image')('imported %s, %s', info.id, info.name);
      return;
    } catch (error) {
      if (!isErrno(error, 'EEXIST', 'ENOTEMPTY')) throw error;
    }
  }
  if (!replaceDamaged(store, tree, info)) {
    log('image')('%s is there already', info.id);
    touchImage(store, info.id);
    renew(store, spool, info);
  }
  clearRemoved(store, info.id);
};

/**
 * The archive is here again: what was damaged of the image is replaced, unless a pod that runs, or has not been marked as over yet, is on it. Whoever replaces it has its directory locked, and finds
 * that it is damaged afterwards: as long as it is, no pod starts on it; once another has replaced it, one may have.
 * @returns whether it was damaged
 */
const replaceDamaged = (store: ImageStore, tree: string, info: ImageInfo): boolean => {
  const part = `images/${info.id}` as const;
  if (!isKnownDamaged(store, part)) return false;
  const target = imageDirectory(store, info.id);
  using _lock = lockDirectory(target, 'exclusive', {wait: true});
  if (!isKnownDamaged(store, part)) return false;
  const pods = podsUsing(store, ['run']).get(info.id);
  if (pods !== undefined) throw imageDamagedInUse(info.id, 'it cannot be replaced', [...pods].sort());
  exchange(tree, target);
  fsyncDirectory(store.images);
  addToIndex(store, info);
  log('image')('replaced %s, which was damaged', info.id);
  return true;
};

/** Whoever fetches an image again wants that one by its name, as in rkt. What is known of its bytes stays. */
const renew = (
  store: ImageStore,
  spool: string,
  {id, importTime, source, archiveSize, compression}: ImageInfo,
): void => {
  const info = {...readInfo(store, id), importTime, source, archiveSize, compression};
  replaceInfo(store, info, spool);
  addToIndex(store, info);
};
