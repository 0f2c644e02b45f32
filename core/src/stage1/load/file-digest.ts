import {constants, fstatSync} from 'node:fs';
import path from 'node:path';
import {Unbounded} from '../../config/read-bounded.ts';
import type {Fd} from '../../linux/fd.ts';
import {openHost} from '../../linux/openat2.ts';
import {readChunks} from '../../linux/read-chunks.ts';
import {rememberOfFile} from '../../linux/remember-of-file.ts';

/** Bytes of a file of a flavor. */
const MAX_FILE = 1024 ** 3;

/**
 * `sha256-…` of a file. Remembered, because loading the crypto module costs as much as a whole `rkt list`. Where the cache cannot be written (rkt plan without
 * root) the digest is computed each time.
 * @throws Unbounded, or the system's error
 */
export const fileDigest = (file: string, cacheDir: string | undefined): string =>
  rememberOfFile(
    file,
    cacheDir === undefined ? undefined : path.join(cacheDir, path.basename(path.dirname(path.dirname(file)))),
    () => {
      using opened = openHost(file, constants.O_RDONLY | constants.O_NONBLOCK);
      return digestOf(opened);
    },
  );

/** `sha256-…` of what is in an open file. @throws Unbounded */
export const digestOf = (file: Fd): string => {
  const stats = fstatSync(file.number);
  if (!stats.isFile()) throw new Unbounded('not-regular');
  if (stats.size > MAX_FILE) throw new Unbounded('too-large');
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256');
  for (const chunk of readChunks(file)) hash.update(chunk);
  return `sha256-${hash.digest('hex')}`;
};
