import {existsSync, realpathSync} from 'node:fs';
import path from 'node:path';
import {packageOf} from './package-closure.ts';
import {packageManifest} from './package-manifest.ts';
import {findPackage, flavorsIn, ownTrees} from './package-trees.ts';

/** A flavor that comes with rkt: what its package says about its place among them, in the field `rkt` of its package.json. */
export interface OwnFlavor {
  readonly name: string;
  /** Names of rkt's stage1 images whose place it takes. */
  readonly rktNames: readonly string[];
  /** Names of the flavors that isolate more and come first when nobody chose one, installed or not. It never runs unasked without this. */
  readonly defaultAfter?: readonly string[];
}

const PACKAGE = /^@rkt\/flavor-([a-z0-9-]+)$/;

/** Whether a package would be one of rkt's own flavors, if it is found in rkt's own tree. */
export const hasOwnName = (name: string): boolean => PACKAGE.test(name);

/** The file that a package of rkt's own tree is loaded from. */
export const findInOwnTrees = (name: string): string | undefined =>
  (hasOwnName(name) ? findBuilt(name) : undefined) ?? findPackage(name, ownTrees());

/** Whether Node.js takes what a package has for its users. */
const isPlain = process.execArgv.every((argument) => !/^(--conditions|-C)/.test(argument));

/** As Node.js would find it, which takes a millisecond for that; `undefined` of a package whose entry depends on more. */
const findBuilt = (name: string): string | undefined => {
  const directory = ownTrees()
    .map((tree) => path.join(tree, name))
    .find((candidate) => existsSync(candidate));
  if (directory === undefined || !isPlain) return undefined;
  const {types: _types, source: _source, ...entry} = readManifest(directory).exports?.['.'] ?? {};
  const file = Object.keys(entry).length === 1 ? entry.default : undefined;
  if (typeof file !== 'string' || !file.startsWith('./')) return undefined;
  const built = path.join(directory, file);
  return existsSync(built) ? realpathSync(built) : undefined;
};

/** Whether a file is what one of rkt's own flavors is loaded from. */
export const isOwnFlavor = (source: string): boolean => {
  const {name} = readManifest(packageOf(source));
  return typeof name === 'string' && hasOwnName(name) && findInOwnTrees(name) === source;
};

/** Those that are installed beside rkt. It looks through directories, which nothing needs that names a flavor. */
export const ownFlavors = (): OwnFlavor[] => {
  const found = new Map<string, OwnFlavor>();
  for (const tree of ownTrees()) {
    for (const name of flavorsIn(tree)) {
      const flavor = PACKAGE.exec(name)?.[1];
      if (flavor === undefined || found.has(flavor)) continue;
      const {rktNames, defaultAfter} = readManifest(path.join(tree, name)).rkt ?? {};
      found.set(flavor, {
        name: flavor,
        rktNames: texts(rktNames) ?? [],
        ...(texts(defaultAfter) === undefined ? {} : {defaultAfter: texts(defaultAfter) ?? []}),
      });
    }
  }
  return [...found.values()];
};

/** Names of the flavors that run when nobody chose one: each after those that isolate more, whether these are installed or not. */
export const defaultOrder = (flavors: readonly OwnFlavor[]): string[] => {
  const order: string[] = [];
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const earlier of flavors.find((flavor) => flavor.name === name)?.defaultAfter ?? []) visit(earlier);
    order.push(name);
  };
  for (const {name, defaultAfter} of flavors) if (defaultAfter !== undefined) visit(name);
  return order;
};

interface Manifest {
  readonly name?: unknown;
  readonly exports?: {readonly '.'?: Readonly<Record<string, unknown>>};
  readonly rkt?: {readonly rktNames?: unknown; readonly defaultAfter?: unknown} | null;
}

const readManifest = (directory: string): Manifest => {
  try {
    return packageManifest(directory) as Manifest;
  } catch {
    // What is wrong with a package is said when it is loaded.
    return {};
  }
};

const texts = (value: unknown): string[] | undefined =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : undefined;
