import {existsSync, readdirSync, statSync} from 'node:fs';
import Module from 'node:module';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

/*
 * Node looks for packages in every directory up to the root, in ~/.node_modules, and where NODE_PATH says. rkt runs as root: what it loads is in its own
 * tree or in a configured one (S36).
 */

let own: readonly string[] | undefined;

/** Directories with the packages that belong to this one: its own, and the one that it has been installed in. */
export const ownTrees = (): readonly string[] => {
  own ??= findOwnTrees();
  return own;
};

/** The directory of this package. */
export const ownPackage = (): string => {
  const here = path.dirname(fileURLToPath(import.meta.url));
  return ancestors(here).find((directory) => existsSync(path.join(directory, 'package.json'))) ?? here;
};

const findOwnTrees = (): string[] => {
  const core = ownPackage();
  const installed = ancestors(path.dirname(core))
    .map((directory) => path.join(directory, 'node_modules'))
    .find((tree) => isSame(path.join(tree, '@rkt/core'), core));
  return [path.join(core, 'node_modules'), ...(installed === undefined ? [] : [installed])];
};

const ancestors = (directory: string): string[] => {
  const parent = path.dirname(directory);
  return parent === directory ? [directory] : [directory, ...ancestors(parent)];
};

const isSame = (one: string, other: string): boolean => {
  const [a, b] = [one, other].map((place) => statSync(place, {throwIfNoEntry: false}));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
};

// Node's own search of given directories and no others has no public name. The runtime is pinned.
const {_findPath: findPath} = Module as unknown as {
  readonly _findPath: (request: string, directories: readonly string[]) => string | false;
};

// Without the flag i, by which V8 takes longer to compile it than to find the package.
const PACKAGE = /^(@[A-Za-z0-9~-][\w.~-]*\/)?[A-Za-z0-9~-][\w.~-]*(\/(?!\.\.?(\/|$))[\w.~-]+)*$/;

/** The file that a package of one of the trees is loaded from, in their order. */
export const findPackage = (name: string, trees: readonly string[]): string | undefined =>
  PACKAGE.test(name) ? findPath(name, trees) || undefined : undefined;

/** Names of the packages of a tree that are called as flavors are. */
export const flavorsIn = (tree: string): string[] => [
  ...entries(path.join(tree, '@rkt'))
    .filter((name) => name.startsWith('flavor-'))
    .map((name) => `@rkt/${name}`),
  ...entries(tree).filter((name) => name.startsWith('rkt-flavor-')),
];

/** Names in a directory; none if it is not there. */
export const entries = (directory: string): string[] => {
  try {
    return readdirSync(directory);
  } catch {
    // Most of them do not exist.
    return [];
  }
};
