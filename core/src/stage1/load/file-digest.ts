import {readFileSync} from 'node:fs';
import path from 'node:path';
import {rememberOfFile} from '../../linux/remember-of-file.ts';

/**
 * `sha256-…` of a file. Remembered, because loading the crypto module costs as much as a whole `rkt list`. Where the cache cannot be written (rkt plan without
 * root) the digest is computed each time.
 */
export const fileDigest = (file: string, cacheDir: string | undefined): string =>
  rememberOfFile(
    file,
    cacheDir === undefined ? undefined : path.join(cacheDir, path.basename(path.dirname(path.dirname(file)))),
    () => `sha256-${process.getBuiltinModule('node:crypto').hash('sha256', readFileSync(file))}`,
  );
