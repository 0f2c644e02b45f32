import {createHash} from 'node:crypto';
import {chmodSync, constants, existsSync, linkSync, mkdirSync, utimesSync, writeFileSync} from 'node:fs';
import type {HostPath} from '../contract/names.ts';
import {log} from '../debug.ts';
import {fsyncDirectory, syncFileSystem} from '../linux/fsync.ts';
import {openHost} from '../linux/openat2.ts';
import {renameNoReplace} from '../linux/rename.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {startExtraction} from './extract.ts';
import {createMerge, type Node} from './merge.ts';
import {rebuildArchive} from './rebuild.ts';
import {makeSpool} from './spool.ts';
import {type ImageStore, imageDirectory} from './store.ts';
import {END, encodeEntry} from './tar/encode.ts';
import type {TarEntry} from './tar/entry.ts';
import type {Visit} from './visits.ts';

/** Names a rendering by all that it depends on. Raised when rendering itself changes. */
const keyOf = (visits: readonly Visit[]): string =>
  createHash('sha512')
    .update(JSON.stringify(['1', visits]))
    .digest('hex')
    .slice(0, 64);

/**
 * The rendered tree of some visits, made when it is asked for the first time and shared after. Its files are hard links to those of the images, its
 * directories its own: it costs no space worth mentioning, and images can go before it.
 * @throws RKT_IMAGE_DAMAGED, RKT_IMAGE_EXTRACTION_FAILED
 */
export const renderTree = async (store: ImageStore, visits: readonly Visit[]): Promise<HostPath> => {
  const target = `${store.trees}/${keyOf(visits)}`;
  const rootfs = `${target}/rootfs` as HostPath;
  if (existsSync(target)) {
    const now = new Date();
    utimesSync(`${target}/used`, now, now);
    return rootfs;
  }
  log('image')('rendering %d visits as %s', visits.length, target);
  using spool = makeSpool(store);
  const tree = `${spool.path}/tree`;
  mkdirSync(tree, {mode: 0o700});
  await fill(tree, store, visits, `${spool.path}/bsdtar.log`);
  writeFileSync(`${tree}/info.json`, JSON.stringify({images: [...new Set(visits.map(({id}) => id))]}), {mode: 0o600});
  writeFileSync(`${tree}/used`, '', {mode: 0o600});
  using directory = openHost(tree, constants.O_RDONLY | constants.O_DIRECTORY);
  syncFileSystem(directory);
  try {
    renameNoReplace(tree, target);
    fsyncDirectory(store.trees);
  } catch (error) {
    // Another process was faster, with the same result.
    if (!isErrno(error, 'EEXIST', 'ENOTEMPTY')) throw error;
  }
  return rootfs;
};

const fill = async (tree: string, store: ImageStore, visits: readonly Visit[], messages: string): Promise<void> => {
  const merge = createMerge();
  for (const visit of visits) {
    const entries: TarEntry[] = [];
    await rebuildArchive(store, visit.id, {entry: (entry) => entries.push(entry)});
    merge.add(visit, entries);
  }
  const directories: TarEntry[] = [];
  place(store, tree, 'rootfs', merge.root, directories);
  // Last, because every link changes the time of its directory. bsdtar sets what a directory can have, on directories that exist.
  using extraction = startExtraction(tree, messages);
  for (const entry of directories) extraction.write(encodeEntry(entry));
  extraction.write(END);
  await extraction.finish();
};

const bytes = (base: string, path: string): Buffer =>
  Buffer.concat([Buffer.from(`${base}/`), Buffer.from(path, 'latin1')]);

/** Both trees are the store's own: in the image every parent is a directory because the scanner saw to it, in the new one because of `merge`. */
const place = (store: ImageStore, tree: string, path: string, node: Node, directories: TarEntry[]): void => {
  const target = bytes(tree, path);
  if (node.children === undefined) {
    if (node.from !== undefined) linkSync(bytes(imageDirectory(store, node.from.id), path), target);
    return;
  }
  mkdirSync(target);
  chmodSync(target, 0o755);
  if (node.from !== undefined) directories.push(node.from.entry);
  for (const [name, child] of node.children) place(store, tree, `${path}/${name}`, child, directories);
};
