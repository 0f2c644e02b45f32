import {readdirSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

/** The root of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

const SKIPPED = new Set(['node_modules', 'dist', '.git']);

/** Every TypeScript file of the repository, relative to its root, in order. */
export const sources = (directory = ''): string[] =>
  readdirSync(path.join(root, directory), {withFileTypes: true})
    .filter(({name}) => !SKIPPED.has(name))
    .flatMap((entry) => {
      const file = path.posix.join(directory, entry.name);
      if (entry.isDirectory()) return sources(file);
      return /\.[cm]?ts$/.test(entry.name) ? [file] : [];
    })
    .sort();

/** The flavors of this repository, by their directories. */
export const flavorNames: readonly string[] = readdirSync(path.join(root, 'flavors'), {withFileTypes: true})
  .filter((entry) => entry.isDirectory())
  .map(({name}) => name)
  .sort();
