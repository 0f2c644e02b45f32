import {existsSync, readdirSync, realpathSync} from 'node:fs';
import path from 'node:path';
import {Unbounded} from '../../config/read-bounded.ts';
import {isSystemError} from '../../linux/syscall-error.ts';
import {packageManifest} from './package-manifest.ts';
import {ownTrees} from './package-trees.ts';

/**
 * Everything that a module may import, as real paths of which none is below another: its package, the `node_modules` in which Node looks from there, the packages that are linked into these, and rkt's own. A
 * file that belongs to no package stands alone.
 * @param copy of the packages that a flavor is made of, each of which may be linked by any name
 */
export const packageClosure = (source: string, copy?: string): string[] => {
  const found = new Set<string>(copy === undefined ? [] : [copy]);
  const visit = (place: string): void => {
    if (found.has(place)) return;
    found.add(place);
    for (const directory of ancestors(place)) look(path.join(directory, 'node_modules'));
  };
  const look = (named: string): void => {
    const tree = existsSync(named) ? realpathSync(named) : undefined;
    if (tree === undefined || found.has(tree)) return;
    found.add(tree);
    for (const link of linksIn(tree)) visit(link);
  };
  visit(packageOf(realpathSync(source)));
  ownTrees().forEach(look);
  return [...found].filter((place) => ![...found].some((other) => place.startsWith(`${other}/`)));
};

/** The directory of a file's package, or the file. */
export const packageOf = (file: string): string =>
  ancestors(path.dirname(file)).find((directory) => existsSync(path.join(directory, 'package.json'))) ?? file;

const ancestors = (place: string): string[] => {
  const parent = path.dirname(place);
  return parent === place ? [] : [place, ...ancestors(parent)];
};

/** Whether something is one of these places, or in one. */
export const isWithin = (file: string, places: readonly string[]): boolean =>
  places.some((place) => file === place || file.startsWith(`${place}/`));

/** Packages that are linked into a tree. What else a link leads to is nobody's to import. */
const linksIn = (tree: string, scope = ''): string[] =>
  readdirSync(path.join(tree, scope), {withFileTypes: true}).flatMap((entry) => {
    const name = path.join(scope, entry.name);
    if (entry.isDirectory() && scope === '' && name.startsWith('@')) return linksIn(tree, name);
    const target = entry.isSymbolicLink() ? packageAt(path.join(tree, name)) : undefined;
    return target?.name === name ? [target.directory] : [];
  });

/** The package that a link leads to; `undefined` if it leads nowhere, or to something else. */
const packageAt = (link: string): {readonly directory: string; readonly name: unknown} | undefined => {
  try {
    const directory = realpathSync(link);
    return {directory, name: packageManifest(directory).name};
  } catch (error) {
    if (isSystemError(error) || error instanceof SyntaxError || error instanceof Unbounded) return undefined;
    throw error;
  }
};
