import {type BigIntStats, constants, lstatSync, readdirSync, readlinkSync} from 'node:fs';
import type {HostPath} from '../contract/names.ts';
import {decodeDevice} from '../linux/device.ts';
import {getXattr} from '../linux/xattr.ts';
import {imageTreeDiffers} from './errors.ts';
import type {TarEntry, TarEntryType} from './tar/entry.ts';

/*
 * What was judged is what was written (S27): file systems fold case, unpackers normalise names, and whatever either does shows here, before anyone uses
 * the tree.
 */

const FORMATS: Readonly<Record<TarEntryType, number>> = {
  file: constants.S_IFREG,
  symlink: constants.S_IFLNK,
  char: constants.S_IFCHR,
  block: constants.S_IFBLK,
  directory: constants.S_IFDIR,
  fifo: constants.S_IFIFO,
  hardlink: constants.S_IFREG,
};

/** Of a directory that an archive only implies. */
const IMPLIED = {type: 'directory', mode: 0o755, uid: 0, gid: 0} as const;

/** Whether it is what an entry makes. A hard link is what it is a further name of. */
export const isOfType = (
  {mode}: {readonly mode: number | bigint},
  {type, linkType}: Pick<TarEntry, 'type' | 'linkType'>,
): boolean => (Number(mode) & constants.S_IFMT) === FORMATS[linkType ?? type];

type Path = string | Buffer;

// Bytes only where it has to be: text is faster.
const pathOf = (directory: HostPath, path: string): Path =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  /^[\x00-\x7f]*$/.test(path)
    ? `${directory}/${path}`
    : Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(path, 'latin1')]);

/**
 * Compares a tree that nobody else can change with what an archive makes, entry by entry: nothing else may be in it. No content is read.
 * @param made by path; `undefined` is a directory that is only implied
 * @throws RKT_IMAGE_TREE_DIFFERS with the first difference
 */
export const checkTree = (directory: HostPath, made: ReadonlyMap<string, TarEntry | undefined>): void => {
  const {files, links} = namesOfFiles(made);
  let found = 0;
  for (const [path, entry] of made) {
    if (path === '' || path === 'manifest') continue;
    const at = pathOf(directory, path);
    const stats = lstatSync(at, {bigint: true, throwIfNoEntry: false});
    if (stats === undefined) throw imageTreeDiffers(path, 'it is missing');
    const of = files.get(path);
    // A further name of a file has its properties; of the first one they are compared.
    if (of !== undefined) {
      if (lstatSync(pathOf(directory, of), {bigint: true}).ino !== stats.ino)
        throw imageTreeDiffers(path, 'it is another file');
      continue;
    }
    const problem = difference(at, stats, entry, links.get(path) ?? 1n);
    if (problem !== undefined) throw imageTreeDiffers(path, `it has another ${problem}`);
    if (stats.isDirectory()) found += readdirSync(at, {encoding: 'buffer'}).length;
  }
  const wanted = [...made.keys()].filter((path) => path.startsWith('rootfs/')).length;
  if (found !== wanted) throw imageTreeDiffers('rootfs', `it holds ${found} names, not ${wanted}`);
  if (readdirSync(directory).join('/') !== 'rootfs') throw imageTreeDiffers('', 'something is beside its rootfs');
};

/** `files`: the first name of each file that has several, by the others; `links`: how many it has, by the first. */
const namesOfFiles = (made: ReadonlyMap<string, TarEntry | undefined>) => {
  const files = new Map<string, string>();
  const links = new Map<string, bigint>();
  for (const [path, entry] of made) {
    if (entry?.type !== 'hardlink') continue;
    const first = files.get(entry.linkName) ?? entry.linkName;
    files.set(path, first);
    links.set(first, (links.get(first) ?? 1n) + 1n);
  }
  return {files, links};
};

const difference = (path: Path, stats: BigIntStats, entry: TarEntry | undefined, links: bigint): string | undefined => {
  const {type, mode, uid, gid} = entry ?? IMPLIED;
  if (!isOfType(stats, entry ?? IMPLIED)) return 'type';
  // A symlink's mode is what the file system says.
  if (type !== 'symlink' && (Number(stats.mode) & 0o7777) !== mode) return 'mode';
  if (Number(stats.uid) !== uid || Number(stats.gid) !== gid) return 'owner';
  if (type !== 'directory' && stats.nlink !== links) return 'number of names';
  if (entry === undefined) return undefined;
  if (type === 'file' && Number(stats.size) !== entry.size) return 'size';
  if (stats.mtimeNs !== BigInt(entry.mtime.seconds) * 1_000_000_000n + BigInt(entry.mtime.nanoseconds)) return 'time';
  if (type === 'symlink' && readlinkSync(path, 'latin1') !== entry.linkName) return 'target';
  if (entry.device !== undefined) {
    const {major, minor} = decodeDevice(Number(stats.rdev));
    if (major !== entry.device.major || minor !== entry.device.minor) return 'device number';
  }
  for (const [name, value] of entry.xattrs) {
    if (!(getXattr(path, name, value.length + 1)?.equals(value) ?? false)) return `extended attribute "${name}"`;
  }
  return undefined;
};
