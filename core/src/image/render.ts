import {createHash} from 'node:crypto';
import {constants, existsSync, fstatSync, mkdirSync, utimesSync, writeFileSync} from 'node:fs';
import type {HostPath, ImageId} from '../contract/names.ts';
import {log} from '../debug.ts';
import {linkEntry, makeDirectory, setOwnership} from '../linux/directory-entry.ts';
import type {Fd} from '../linux/fd.ts';
import {fsyncDirectory, syncFileSystem} from '../linux/fsync.ts';
import {O_PATH, openEntry, openHost} from '../linux/openat2.ts';
import {renameNoReplace} from '../linux/rename.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {isOfType} from './check-tree.ts';
import {refuseDamaged} from './damage.ts';
import {imageDamaged, imageLimitExceeded, readable} from './errors.ts';
import {startExtraction} from './extract.ts';
import {TAR_LIMITS} from './limits.ts';
import {createMerge, type Node} from './merge.ts';
import {openInStore} from './open-in-store.ts';
import {rebuildArchive} from './rebuild.ts';
import {makeSpool, type Spool} from './spool.ts';
import type {ImageStore} from './store.ts';
import type {TarEntry} from './tar/entry.ts';
import type {Visit} from './visits.ts';

/** What a visit lays down, by name. */
const partOf = ({id, whitelists}: Visit): string => [id, ...whitelists.map(({hash}) => hash)].join(' ');

/** Each visit that lays down the same once, at its last: whatever an earlier one laid down, the last one lays down again, over the rest. */
const withoutRepeats = (visits: readonly Visit[]): Visit[] => {
  const last = new Map<string, Visit>();
  for (const visit of visits) {
    last.delete(partOf(visit));
    last.set(partOf(visit), visit);
  }
  return [...last.values()];
};

/** Names a rendering by all that it depends on. Raised when rendering itself changes. */
export const treeKey = (visits: readonly Visit[]): string =>
  createHash('sha512')
    .update(JSON.stringify(['2', withoutRepeats(visits).map(partOf)]))
    .digest('hex')
    .slice(0, 64);

/**
 * The rendered tree of some visits, made when it is asked for the first time and shared after. Its files are hard links to those of the images, its
 * directories its own: it costs no space worth mentioning, and images can go before it.
 * @throws RKT_IMAGE_DAMAGED, RKT_IMAGE_EXTRACTION_FAILED, RKT_IMAGE_LIMIT_EXCEEDED
 */
export const renderTree = async (store: ImageStore, visits: readonly Visit[]): Promise<HostPath> => {
  const key = treeKey(visits);
  const target = `${store.trees}/${key}`;
  const rootfs = `${target}/rootfs` as HostPath;
  if (existsSync(target)) {
    const top = visits.at(-1);
    if (top !== undefined) refuseDamaged(store, top.id, `tree/${key}`);
    const now = Date.now() / 1000;
    utimesSync(`${target}/used`, now, now);
    return rootfs;
  }
  using spool = makeSpool(store);
  const tree = await renderInto(spool, store, visits);
  try {
    renameNoReplace(tree, target);
    fsyncDirectory(store.trees);
  } catch (error) {
    // Another process was faster, with the same result.
    if (!isErrno(error, 'EEXIST', 'ENOTEMPTY')) throw error;
  }
  return rootfs;
};

/** All that is in the directory of a rendered tree, durable and not in its place yet. */
export const renderInto = async (spool: Spool, store: ImageStore, all: readonly Visit[]): Promise<HostPath> => {
  const visits = withoutRepeats(all);
  log('image')('rendering %d visits as %s', visits.length, treeKey(visits));
  const tree = `${spool.path}/tree` as HostPath;
  mkdirSync(tree, {mode: 0o700});
  await fill(tree, store, visits);
  writeFileSync(`${tree}/info.json`, JSON.stringify({images: [...new Set(visits.map(({id}) => id))]}), {mode: 0o600});
  writeFileSync(`${tree}/used`, '', {mode: 0o600});
  using directory = openHost(tree, constants.O_RDONLY | constants.O_DIRECTORY);
  syncFileSystem(directory);
  return tree;
};

const fill = async (tree: HostPath, store: ImageStore, visits: readonly Visit[]): Promise<void> => {
  const merge = createMerge();
  const lastOf = new Map(visits.map((visit) => [visit.id, visit]));
  // Of images that other whitelists let pass again.
  const kept = new Map<ImageId, readonly TarEntry[]>();
  for (const visit of visits) {
    const entries = kept.get(visit.id) ?? (await entriesOf(store, visit.id));
    merge.add(visit, entries);
    if (lastOf.get(visit.id) === visit) kept.delete(visit.id);
    else kept.set(visit.id, entries);
  }
  const made = new Map<string, TarEntry | undefined>();
  {
    using target = openHost(tree, DIRECTORY);
    place(store, target, 'rootfs', merge.root, made);
  }
  // Last, because every link changes the time of its directory. bsdtar sets what a directory can have, on directories that exist.
  using extraction = startExtraction(tree);
  for (const entry of made.values()) if (entry !== undefined) extraction.entry(entry);
  await extraction.finish();
};

const entriesOf = async (store: ImageStore, id: ImageId): Promise<TarEntry[]> => {
  const entries: TarEntry[] = [];
  // Files are linked, and what an archive has of a sparse one may be long.
  await rebuildArchive(store, id, {entry: ({pieces: _, ...entry}) => entries.push(entry)});
  return entries;
};

const DIRECTORY = O_PATH | constants.O_DIRECTORY;

/**
 * Makes a path of the result in an open directory. The entries say what is to be there; what the image's tree has instead is refused (S27).
 * @param directories what becomes of each, by path; filled
 */
const place = (
  store: ImageStore,
  parent: Fd,
  path: string,
  {from, children}: Node,
  directories: Map<string, TarEntry | undefined>,
): void => {
  const name = Buffer.from(path.slice(path.lastIndexOf('/') + 1), 'latin1');
  if (children === undefined) {
    if (from !== undefined) link(store, from, parent, name);
    return;
  }
  makeDirectory(parent, name, 0o700);
  using directory = openEntry(parent, name, DIRECTORY);
  setOwnership(directory, {mode: 0o755, uid: 0, gid: 0});
  directories.set(path, from?.entry);
  for (const [child, node] of children) place(store, directory, `${path}/${child}`, node, directories);
};

const link = (store: ImageStore, {id, entry}: NonNullable<Node['from']>, parent: Fd, name: Buffer): void => {
  try {
    const slash = entry.path.lastIndexOf('/');
    const above = Buffer.from(`images/${id}/${entry.path.slice(0, slash)}`, 'latin1');
    using source = openInStore(store, above, DIRECTORY);
    const own = Buffer.from(entry.path.slice(slash + 1), 'latin1');
    linkEntry({directory: source, name: own}, {directory: parent, name});
  } catch (error) {
    // Every tree that is rendered of an image gives its files one name more.
    if (isErrno(error, 'EMLINK')) throw imageLimitExceeded('names of one file', TAR_LIMITS.links);
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV')) throw error;
    throw imageDamaged(id, `${readable(entry.path)} is not what its archive says`, error);
  }
  using made = openEntry(parent, name, O_PATH);
  if (!isOfType(fstatSync(made.number), entry))
    throw imageDamaged(id, `${readable(entry.path)} is not what its archive says`);
};
