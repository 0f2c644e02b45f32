import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import path from 'node:path';
import {Script} from 'node:vm';
import {isErrno} from '../../linux/syscall-error.ts';

const require = createRequire(import.meta.url);
const loaded = new Map<string, unknown>();

/**
 * What a file exports that comes with rkt: as the build has bundled it, by the code cache that the build has made of it (`FILE.cache`), or from its sources.
 * V8 itself refuses a cache of another version of its own, or of a source of another length.
 */
export const loadScript = (file: string): unknown => {
  if (!loaded.has(file)) loaded.set(file, file.endsWith('.cjs') ? run(file) : require(file));
  return loaded.get(file);
};

const run = (file: string): unknown => {
  const source = `(function(exports,require,module,__filename,__dirname){${readFileSync(file, 'utf8')}\n})`;
  const cachedData = readCache(`${file}.cache`);
  const script = new Script(source, {filename: file, ...(cachedData === undefined ? {} : {cachedData})});
  const module = {exports: {}};
  script.runInThisContext()(module.exports, createRequire(file), module, file, path.dirname(file));
  return module.exports;
};

/** Where there is none it only takes longer. */
const readCache = (file: string): Buffer | undefined => {
  try {
    return readFileSync(file);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
};
