import {createHash} from 'node:crypto';
import {closeSync, constants, fstatSync, openSync, readSync, writeSync} from 'node:fs';
import {errnoText} from '../../linux/errno-text.ts';
import {CHUNK_BYTES} from '../../linux/read-chunks.ts';
import {guestKernelFailed} from '../errors.ts';
import type {ListedPackage} from './listed-package.ts';

/**
 * Copies a package to where nobody but its reader can change it, if it is the one of the lists. Whoever has downloaded it is not root, and may have put anything in its place since: only a regular
 * file of its size is read, and what was read is what is compared.
 * @param to a file that is not there; what is there after an error is not to be used
 * @param what for the error
 * @throws RKT_GUEST_KERNEL_FAILED
 */
export const takePackage = (from: string, to: string, {name, version, sha256, bytes}: ListedPackage, what: string) => {
  const {O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY} = constants;
  const source = open(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, what);
  try {
    const stats = fstatSync(source);
    if (!stats.isFile()) throw guestKernelFailed(what, `what was downloaded as ${name} is no regular file`);
    if (stats.size !== bytes)
      throw guestKernelFailed(what, `${name} ${version} has ${bytes} bytes, and what was downloaded ${stats.size}`);
    const target = openSync(to, 'wx', 0o600);
    try {
      const digest = copy(source, target, bytes);
      if (digest !== sha256)
        throw guestKernelFailed(what, `${name} ${version} is ${sha256} (SHA-256), and what was downloaded ${digest}`);
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
};

const open = (path: string, flags: number, what: string): number => {
  try {
    return openSync(path, flags);
  } catch (error) {
    throw guestKernelFailed(what, `${path}: ${errnoText(error) ?? 'it cannot be opened'}`, error);
  }
};

/** At most so many bytes: it can still grow. Returns their SHA-256. */
const copy = (source: number, target: number, bytes: number): string => {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let left = bytes; left > 0; ) {
    const length = readSync(source, buffer, 0, Math.min(left, buffer.length), null);
    if (length === 0) break;
    const read = buffer.subarray(0, length);
    hash.update(read);
    for (let at = 0; at < length; ) at += writeSync(target, read, at);
    left -= length;
  }
  return hash.digest('hex');
};
