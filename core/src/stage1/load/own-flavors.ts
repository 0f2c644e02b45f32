import {readFileSync} from 'node:fs';
import {findPackageJSON} from 'node:module';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
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

/** Whether a file is what one of rkt's own flavors is loaded from. */
export const isOwnFlavor = (source: string): boolean => {
  const file = findPackageJSON(pathToFileURL(source));
  const {name} = file === undefined ? {} : readManifest(file);
  return typeof name === 'string' && hasOwnName(name) && findPackage(name, ownTrees()) === source;
};

/** Those that are installed beside rkt. It looks through directories, which nothing needs that names a flavor. */
export const ownFlavors = (): OwnFlavor[] => {
  const found = new Map<string, OwnFlavor>();
  for (const tree of ownTrees()) {
    for (const name of flavorsIn(tree)) {
      const flavor = PACKAGE.exec(name)?.[1];
      if (flavor === undefined || found.has(flavor)) continue;
      const {rktNames, defaultAfter} = readManifest(path.join(tree, name, 'package.json')).rkt ?? {};
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
  readonly rkt?: {readonly rktNames?: unknown; readonly defaultAfter?: unknown} | null;
}

const readManifest = (file: string): Manifest => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) ?? {};
  } catch {
    // What is wrong with a package is said when it is loaded.
    return {};
  }
};

const texts = (value: unknown): string[] | undefined =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : undefined;
