import {constants, futimesSync, renameSync, writeFileSync} from 'node:fs';
import * as z from 'zod/mini';
import {type ImageId, imageId} from '../contract/names.ts';
import {fsyncDirectory} from '../linux/fsync.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {imageDamaged, imageNotFound} from './errors.ts';
import {TAR_LIMITS} from './limits.ts';
import {openInStore, readInStore, statInStore} from './open-in-store.ts';
import {type ImageStore, imageDirectory} from './store.ts';

/** What is known of an image besides its bytes: `info.json`. Made when one is read: a pod of one image reads none. */
const imageInfo = z.lazy(() =>
  z.strictObject({
    id: imageId,
    name: z.string(),
    labels: z.record(z.string(), z.string()),
    /** Bytes of the uncompressed archive. */
    size: z.int(),
    /** Bytes of the archive as it was fetched. */
    archiveSize: z.int(),
    compression: z.enum(['none', 'gzip', 'bzip2', 'xz', 'zstd']),
    /** Milliseconds since 1970. */
    importTime: z.int(),
    /** Where it came from, as the operator said it. */
    source: z.string(),
    /** The archive lacks entries for some of its directories: these are no layer of their own, see layers.ts. */
    implicitDirectories: z.boolean(),
    /** sha512 of `tar-split.zst`. */
    tarSplit: z.string(),
  }),
);
export type ImageInfo = z.infer<typeof imageInfo>;

// Loaded when needed: `run` reads what is known of an image and trusts it.
const seal = (info: ImageInfo): string => process.getBuiltinModule('node:crypto').hash('sha512', JSON.stringify(info));

const sealed = (info: ImageInfo): string => JSON.stringify({...info, seal: seal(info)});

/** Writes `info.json` and `used` of an image that is being made. */
export const writeInfo = (directory: string, info: ImageInfo): void => {
  writeFileSync(`${directory}/info.json`, sealed(info), {mode: 0o600, flag: 'wx'});
  writeFileSync(`${directory}/used`, '', {mode: 0o600, flag: 'wx'});
};

/** Replaces `info.json` of an image of the store, at once. `spool` is a directory of the same file system whose leavings somebody removes. */
export const replaceInfo = (store: ImageStore, info: ImageInfo, spool: string): void => {
  const written = `${spool}/info.json`;
  writeFileSync(written, sealed(info), {mode: 0o600, flag: 'wx', flush: true});
  const directory = imageDirectory(store, info.id);
  renameSync(written, `${directory}/info.json`);
  fsyncDirectory(directory);
};

/** `info.json` has the labels of a manifest, written twice at worst. */
const MOST_BYTES = 4 * TAR_LIMITS.manifestBytes;

/**
 * What is known of an image.
 * @throws RKT_IMAGE_NOT_FOUND, RKT_IMAGE_DAMAGED
 */
export const readInfo = (store: ImageStore, id: ImageId): ImageInfo => checkInfo(store, id, false);

/** The same, looking closer: a changed byte is RKT_IMAGE_DAMAGED. */
export const verifyInfo = (store: ImageStore, id: ImageId): ImageInfo => checkInfo(store, id, true);

const checkInfo = (store: ImageStore, id: ImageId, strictly: boolean): ImageInfo => {
  let text: string;
  try {
    text = readInStore(store, `images/${id}/info.json`, MOST_BYTES);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw imageNotFound(id);
    throw imageDamaged(id, 'info.json cannot be read', error);
  }
  try {
    const {seal: sealed, ...info}: {seal: unknown} & ImageInfo = JSON.parse(text);
    const parsed = imageInfo.parse(info);
    if (parsed.id === id && !strictly) return parsed;
    if (parsed.id === id && sealed === seal(parsed) && text === JSON.stringify({...parsed, seal: sealed}))
      return parsed;
  } catch (cause) {
    throw imageDamaged(id, 'info.json does not parse', cause);
  }
  throw imageDamaged(id, 'info.json has been changed');
};

/** Milliseconds since 1970 of the last use; 0 when unknown. */
export const lastUsed = (store: ImageStore, id: ImageId): number => {
  try {
    return Math.trunc(statInStore(store, `images/${id}/used`)?.mtimeMs ?? 0);
  } catch (error) {
    // Who may see which images there are need not look into them.
    if (isErrno(error, 'EACCES')) return 0;
    throw error;
  }
};

/** Notes that an image is used now. Who may not write need not. */
export const touchImage = (store: ImageStore, id: ImageId): void => touchUsed(store, `images/${id}`);

/** The same of an image or a rendered tree, by its directory in the store. */
export const touchUsed = (store: ImageStore, directory: string): void => {
  const now = Date.now() / 1000;
  try {
    using used = openInStore(store, `${directory}/used`, constants.O_WRONLY);
    futimesSync(used.number, now, now);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EACCES', 'EPERM', 'EROFS', 'ELOOP')) throw error;
  }
};
