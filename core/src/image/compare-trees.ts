import {lstatSync, readdirSync} from 'node:fs';
import type {HostPath} from '../contract/names.ts';
import {getXattr, listXattrs} from '../linux/xattr.ts';

/** XATTR_SIZE_MAX */
const MOST_BYTES = 65_536;

/**
 * Compares two trees that are made of the same files, by their further names: a file is the very same, and of a directory the names, mode, owner, time and attributes are. Nobody else may change them.
 * @returns the first path (latin1, one character per byte) that differs, or is in only one of them; `undefined` if they are alike
 */
export const compareTrees = (one: HostPath, other: HostPath): string | undefined =>
  compare(Buffer.from(one), Buffer.from(other), '');

const compare = (one: Buffer, other: Buffer, path: string): string | undefined => {
  const [mine, its] = [one, other].map((file) => lstatSync(file, {bigint: true, throwIfNoEntry: false}));
  if (mine === undefined || its === undefined) return path;
  if (!mine.isDirectory() || !its.isDirectory()) return mine.ino === its.ino ? undefined : path;
  if (describe(one) !== describe(other)) return path;
  const names = new Set([one, other].flatMap((directory) => readdirSync(directory, {encoding: 'latin1'})));
  for (const name of [...names].sort()) {
    const at = (directory: Buffer) => Buffer.concat([directory, Buffer.from(`/${name}`, 'latin1')]);
    const found = compare(at(one), at(other), `${path}/${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
};

const describe = (directory: Buffer): string => {
  const {mode, uid, gid, mtimeNs} = lstatSync(directory, {bigint: true});
  const xattrs = listXattrs(directory).map((name) => [name, getXattr(directory, name, MOST_BYTES)?.toString('base64')]);
  return JSON.stringify([String(mode), String(uid), String(gid), String(mtimeNs), xattrs]);
};
