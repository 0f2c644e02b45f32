import {readFileSync, statSync} from 'node:fs';
import path from 'node:path';
import {isSystemError} from '../../linux/syscall-error.ts';
import {writeCache} from '../../linux/write-cache.ts';

/**
 * `sha256-…` of a file. Remembered under the file's inode, size and change time, because loading the crypto module costs as much as a
 * whole `rkt list`. Where the cache cannot be written (rkt plan without root) the digest is computed each time.
 */
export const fileDigest = (file: string, cacheDir: string | undefined): string => {
  if (cacheDir === undefined) return digestOf(file);
  const {dev, ino, size, mtimeNs, ctimeNs} = statSync(file, {bigint: true});
  const key = [file, dev, ino, size, mtimeNs, ctimeNs].join('\n');
  const cache = path.join(cacheDir, path.basename(path.dirname(path.dirname(file))));
  const [known, digest] = remembered(cache);
  if (known === key && digest !== undefined) return digest;
  const fresh = digestOf(file);
  writeCache(cache, `${key}\n\n${fresh}`);
  return fresh;
};

const digestOf = (file: string): string =>
  `sha256-${process.getBuiltinModule('node:crypto').hash('sha256', readFileSync(file))}`;

const remembered = (cache: string): readonly [string?, string?] => {
  try {
    const [key, digest] = readFileSync(cache, 'utf8').split('\n\n');
    return [key ?? '', digest ?? ''];
  } catch (error) {
    if (isSystemError(error)) return [];
    throw error;
  }
};
