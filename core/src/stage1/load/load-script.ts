import {readFileSync} from 'node:fs';
import path from 'node:path';
import {Script} from 'node:vm';
import {isErrno} from '../../linux/syscall-error.ts';

const loaded = new Map<string, unknown>();

/**
 * What a file exports that comes with rkt: as the build has bundled it, by the code cache that the build has made of it (`FILE.cache`), or from its sources.
 * V8 itself refuses a cache of another version of its own, or of a source of another length.
 */
export const loadScript = (file: string): unknown => {
  if (!loaded.has(file)) loaded.set(file, file.endsWith('.cjs') ? run(file) : requireFrom(file)(file));
  return loaded.get(file);
};

/** node:module takes as long to load as a step of a pod, and a flavor of rkt's build needs nothing but what Node.js brings. */
const requireFrom = (file: string) => (name: string) =>
  process.getBuiltinModule(name) ?? process.getBuiltinModule('node:module').createRequire(file)(name);

const run = (file: string): unknown => {
  const source = `(function(exports,require,module,__filename,__dirname){${readFileSync(file, 'utf8')}\n})`;
  const cachedData = readCache(`${file}.cache`);
  const script = new Script(source, {filename: file, ...(cachedData === undefined ? {} : {cachedData})});
  const module = {exports: {}};
  script.runInThisContext()(module.exports, requireFrom(file), module, file, path.dirname(file));
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
