import {closeSync, constants, existsSync, mkdirSync, openSync} from 'node:fs';
import type {HostPath, ImageId} from '../contract/names.ts';
import {log} from '../debug.ts';
import {fsyncDirectory} from '../linux/fsync.ts';
import {openHost} from '../linux/openat2.ts';
import {exchange, renameNoReplace} from '../linux/rename.ts';
import {writeAll} from '../linux/write-all.ts';
import {RktError} from '../rkt-error.ts';
import {compareTrees} from './compare-trees.ts';
import {clearDamage, markDamaged, type Part} from './damage.ts';
import {imageDamagedInUse, readable} from './errors.ts';
import {streamImage} from './export.ts';
import {addToIndex} from './image-index.ts';
import {syncTree, unpackArchive} from './import.ts';
import {type ImageInfo, verifyInfo, writeInfo} from './info.ts';
import {podsUsing} from './pods-using.ts';
import {removal} from './remove.ts';
import {renderInto, treeKey} from './render.ts';
import {makeSpool, type Spool} from './spool.ts';
import {holdImages, type ImageStore, lockImages} from './store.ts';
import {verifyImage} from './verify.ts';
import {type Visit, visitsOf} from './visits.ts';

/** Whether a pod runs. */
type Runs = (pod: string) => boolean;

/** What was wrong, and is not any more. */
export type Repaired =
  | {readonly image: ImageId; readonly problem: string}
  | {readonly tree: string; readonly problem: string};

/**
 * Verifies an image and what has been rendered of it, and makes anew what can be made of the rest: an image whose files still have their bytes, from its archive put together again; a rendered tree
 * from the images. What cannot is marked, so that nothing runs on it before it is there again. Nothing is changed below a pod that runs.
 * @returns what has been repaired
 * @throws RKT_IMAGE_DAMAGED, RKT_IMAGE_DAMAGED_IN_USE
 */
export const verifyAndRepair = async (store: ImageStore, id: ImageId, runs: Runs): Promise<readonly Repaired[]> => {
  const imageIsWhole = await holding(store, async () => {
    if ((await problemOf(() => verifyImage(store, id))) !== undefined) return false;
    clearDamage(store, `images/${id}`);
    return true;
  });
  const repaired: Repaired[] = imageIsWhole ? [] : await repairImage(store, id, runs);
  const treeIsWhole = await holding(store, async () => {
    const rendered = renderedVisits(store, id);
    if (rendered === undefined) return true;
    if ((await treeProblem(store, rendered)) !== undefined) return false;
    clearDamage(store, `tree/${treeKey(rendered)}`);
    return true;
  });
  return treeIsWhole ? repaired : [...repaired, ...(await repairTree(store, id, runs))];
};

/** Nobody removes meanwhile what is looked at. */
const holding = async (store: ImageStore, look: () => Promise<boolean>): Promise<boolean> => {
  using _held = holdImages(store);
  return await look();
};

/** Every image that another is made of, itself last. Whether all of them are there is for whoever runs it to find out. */
export const partsOf = (store: ImageStore, id: ImageId): readonly ImageId[] => [
  ...new Set([...(visits(store, id) ?? []).map((visit) => visit.id), id]),
];

const problemOf = async (verify: () => Promise<void>): Promise<string | undefined> => {
  try {
    await verify();
    return undefined;
  } catch (error) {
    if (error instanceof RktError && error.code === 'RKT_IMAGE_DAMAGED') return String(error.fields.problem);
    throw error;
  }
};

/** Alone with the store: nobody prepares a pod meanwhile. */
const alone = async <T>(store: ImageStore, work: (spool: Spool) => Promise<T>): Promise<T> => {
  using _removed = removal(store);
  using _lock = lockImages(store, 'exclusive');
  using spool = makeSpool(store);
  return await work(spool);
};

const repairImage = (store: ImageStore, id: ImageId, runs: Runs): Promise<Repaired[]> =>
  alone(store, async (spool) => {
    // Another process may have done it meanwhile.
    const problem = await problemOf(() => verifyImage(store, id));
    if (problem === undefined) return [];
    const part = `images/${id}` as const;
    const tree = await marking(store, part, problem, () => unpackAgain(store, id, spool));
    replace(store, {id, part, name: id, problem}, tree, runs);
    return [{image: id, problem}];
  });

const repairTree = (store: ImageStore, id: ImageId, runs: Runs): Promise<Repaired[]> =>
  alone(store, async (spool) => {
    // Another process may have removed it meanwhile, or made it anew.
    const visits = renderedVisits(store, id);
    const problem = visits && (await treeProblem(store, visits));
    if (visits === undefined || problem === undefined) return [];
    const key = treeKey(visits);
    const part = `tree/${key}` as const;
    const tree = await marking(store, part, problem, () => renderInto(spool, store, visits));
    replace(store, {id, part, name: key, problem}, tree, runs);
    return [{tree: key, problem}];
  });

/** Whatever keeps it from being made anew, it is damaged. */
const marking = async <T>(store: ImageStore, part: Part, problem: string, make: () => Promise<T>): Promise<T> => {
  try {
    return await make();
  } catch (error) {
    markDamaged(store, part, problem);
    throw error;
  }
};

interface Damaged {
  readonly id: ImageId;
  readonly part: Part;
  /** By which pods use it. */
  readonly name: string;
  readonly problem: string;
}

/** What was there goes with the spool. */
const replace = (store: ImageStore, {id, part, name, problem}: Damaged, tree: HostPath, runs: Runs): void => {
  const pods = [...(podsUsing(store, ['run']).get(name) ?? [])].filter(runs).sort();
  if (pods.length > 0) {
    markDamaged(store, part, problem);
    throw imageDamagedInUse(id, problem, pods);
  }
  const target = `${store.directory}/${part}`;
  if (existsSync(target)) exchange(tree, target);
  else renameNoReplace(tree, target);
  fsyncDirectory(part.startsWith('images/') ? store.images : store.trees);
  log('image')('made %s anew: %s', target, problem);
};

/** The image, out of its own archive. @throws RKT_IMAGE_DAMAGED when that is not what it was */
const unpackAgain = async (store: ImageStore, id: ImageId, spool: Spool): Promise<HostPath> => {
  const file = `${spool.path}/archive`;
  await writeArchive(store, id, file);
  const tree = `${spool.path}/image` as HostPath;
  mkdirSync(tree, {mode: 0o700});
  using archive = openHost(file, constants.O_RDONLY);
  const info = {...(await unpackArchive(archive, spool.path, tree, {source: file})), ...known(store, id)};
  writeInfo(tree, info);
  syncTree(tree);
  addToIndex(store, info);
  return tree;
};

const writeArchive = async (store: ImageStore, id: ImageId, file: string): Promise<void> => {
  const output = openSync(file, 'wx', 0o600);
  try {
    await streamImage(store, id, (bytes) => writeAll(output, bytes));
  } finally {
    closeSync(output);
  }
};

/** What the archive does not tell, if nobody has changed it. */
const known = (store: ImageStore, id: ImageId): Partial<ImageInfo> => {
  try {
    const {archiveSize, compression, importTime, source} = verifyInfo(store, id);
    return {archiveSize, compression, importTime, source};
  } catch (error) {
    if (error instanceof RktError) return {source: ''};
    throw error;
  }
};

const visits = (store: ImageStore, id: ImageId): readonly Visit[] | undefined => {
  try {
    return visitsOf(store, id);
  } catch (error) {
    if (error instanceof RktError) return undefined;
    throw error;
  }
};

/** How the image is rendered, if it has been; a pod may wait for a tree that is gone. */
const renderedVisits = (store: ImageStore, id: ImageId): readonly Visit[] | undefined => {
  const all = visits(store, id);
  if (all === undefined) return undefined;
  const key = treeKey(all);
  return existsSync(`${store.trees}/${key}`) || podsUsing(store).has(key) ? all : undefined;
};

/** What is wrong with a rendered tree, by rendering it again beside it: its files are those of the images, which have been verified. */
const treeProblem = async (store: ImageStore, visits: readonly Visit[]): Promise<string | undefined> => {
  const target = `${store.trees}/${treeKey(visits)}`;
  using spool = makeSpool(store);
  const tree = await renderInto(spool, store, visits);
  if (!existsSync(target)) return 'what was rendered of it is missing';
  const path = compareTrees(`${tree}/rootfs` as HostPath, `${target}/rootfs` as HostPath);
  return path === undefined ? undefined : `in what was rendered of it ${readable(path === '' ? '/' : path)} is another`;
};
