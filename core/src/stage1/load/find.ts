import {statSync} from 'node:fs';
import {createRequire} from 'node:module';
import path from 'node:path';
import type {Flavor} from '../../contract/flavor.ts';
import {RktError} from '../../rkt-error.ts';
import {suggest} from '../../suggest.ts';
import {checkedOnce} from '../checked-once.ts';
import {flavorLoadFailed, flavorNotFound} from '../errors.ts';
import {checkHooks} from './check-hooks.ts';
import {fileDigest} from './file-digest.ts';
import type {Guarding} from './guard.ts';
import {hasOwnName, isOwnFlavor, ownFlavors} from './own-flavors.ts';
import {findPackage, flavorsIn, ownTrees} from './package-trees.ts';

/** A flavor that has been loaded and checked. */
export interface FoundFlavor {
  readonly flavor: Flavor;
  /** `sha256-…` of the file it was loaded from. */
  readonly digest: string;
  /** The file it was loaded from. */
  readonly source: string;
}

interface Options {
  /** Digests of unchanged files and checked declarations are remembered here; nothing is without it. */
  readonly cacheDir?: string;
  /** Directories with a `node_modules` in which packages are looked up, after rkt's own. */
  readonly searchFrom?: readonly string[];
  /** How an error is told that is the last of the process. */
  readonly describe?: Guarding['describe'];
}

/** What rkt calls its stage1 images, with or without labels. */
const RKT_NAME = /^(coreos\.com\/rkt\/stage1-([a-z0-9-]+))([:,].*)?$/;

const require = createRequire(import.meta.url);

/**
 * Finds, loads and checks a flavor.
 * @param selection a name (`fly`), one of rkt's image names, a package name, or the path of a package or file
 * @throws RKT_FLAVOR_NOT_FOUND, RKT_FLAVOR_HOOK_INVALID, RKT_FLAVOR_DECLARATION_INVALID, RKT_CONTRACT_UNSUPPORTED
 */
export const findFlavor = async (selection: string, options: Options): Promise<FoundFlavor> =>
  load(selection, resolve(selection, options), options);

/** Where a flavor is, and whether it is one of rkt's own: they are known to return, and watching others costs a thread. */
interface Place {
  readonly source: string;
  readonly builtIn: boolean;
}

/** Whether it is the name of one of rkt's stage1 images: it means a flavor, whether that is installed or not. */
export const isRktName = (selection: string): boolean => RKT_NAME.test(selection);

/** The flavor that takes the place of one of rkt's stage1 images, else that of the same name. */
const flavorOfRktName = (selection: string): string | undefined => {
  const [, image, name] = RKT_NAME.exec(selection) ?? [];
  return image === undefined ? undefined : (ownFlavors().find(({rktNames}) => rktNames.includes(image))?.name ?? name);
};

const resolve = (selection: string, options: Options): Place => {
  const name = flavorOfRktName(selection) ?? selection;
  if (name.startsWith('/') || name.startsWith('.')) {
    const source = resolvePath(name);
    return {source, builtIn: isOwnFlavor(source)};
  }
  const packages = /^[a-z0-9-]+$/.test(name) ? [`@rkt/flavor-${name}`, `rkt-flavor-${name}`] : [name];
  for (const candidate of packages) {
    const place = resolvePackage(candidate, options);
    if (place !== undefined) return place;
  }
  throw flavorNotFound(selection, packages, undefined, hintFor(selection, options));
};

const hintFor = (selection: string, options: Options): string | undefined => {
  if (isRktName(selection))
    return 'no flavor that is installed takes the place of this image of rkt; choose one of "rkt flavor list"';
  const installed = [...ownTrees(), ...configuredTrees(options)]
    .flatMap(flavorsIn)
    .map((found) => found.replace(/^(@rkt\/|rkt-)flavor-/, ''));
  const near = suggest(selection, [...new Set(installed)]);
  return near.length === 0 ? undefined : `did you mean ${near.map((each) => `"${each}"`).join(' or ')}?`;
};

const resolvePath = (given: string): string => {
  const absolute = path.resolve(given);
  try {
    return statSync(absolute).isDirectory() ? entryOf(absolute) : absolute;
  } catch (cause) {
    throw flavorNotFound(given, [absolute], cause);
  }
};

const entryOf = (directory: string): string => createRequire(path.join(directory, 'package.json')).resolve(directory);

const resolvePackage = (name: string, options: Options): Place | undefined => {
  const own = findPackage(name, ownTrees());
  const source = own ?? findPackage(name, configuredTrees(options));
  return source === undefined ? undefined : {source, builtIn: own !== undefined && hasOwnName(name)};
};

const configuredTrees = ({searchFrom = []}: Options): string[] =>
  searchFrom.map((from) => path.join(from, 'node_modules'));

const load = async (
  selection: string,
  {source, builtIn}: Place,
  {cacheDir, describe}: Options,
): Promise<FoundFlavor> => {
  const guardHooks = builtIn ? undefined : (await import('./guard-hooks.ts')).guardHooks;
  const loadModule = (): Flavor => {
    const module = require(source) as {default?: unknown};
    const flavor = checkHooks(module.default ?? module, source);
    return guardHooks === undefined ? flavor : guardHooks(flavor, {describe});
  };
  let flavor: Flavor;
  try {
    flavor = builtIn ? loadModule() : (await import('./guard.ts')).guard(source, 'its module', loadModule, {describe});
  } catch (cause) {
    if (cause instanceof RktError) throw cause;
    throw flavorLoadFailed(selection, source, cause);
  }
  const {declaration} = flavor;
  const checked = cacheDir === undefined ? undefined : path.join(cacheDir, 'checked');
  await checkedOnce(checked, 'declaration', JSON.stringify(declaration), async () => {
    const {checkDeclaration} = await import('./check-declaration.ts');
    checkDeclaration(declaration, source);
  });
  return {flavor, digest: fileDigest(source, cacheDir), source};
};

/** A flavor that is installed but cannot be used. */
export interface BrokenFlavor {
  readonly source: string;
  readonly error: unknown;
}

/** Every flavor package in the trees that are searched; those that fail to load carry the error. */
export const listFlavors = async (options: Options): Promise<readonly (FoundFlavor | BrokenFlavor)[]> => {
  const places = new Map<string, Place>();
  for (const name of [...ownTrees(), ...configuredTrees(options)].flatMap(flavorsIn)) {
    const place = resolvePackage(name, options);
    if (place !== undefined) places.set(place.source, place);
  }
  return Promise.all(
    [...places.keys()]
      .sort()
      .map((source) =>
        load(source, places.get(source) ?? {source, builtIn: false}, options).catch((error) => ({source, error})),
      ),
  );
};
