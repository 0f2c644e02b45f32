import {existsSync, type Stats, statSync} from 'node:fs';
import {createRequire} from 'node:module';
import path from 'node:path';
import type {Flavor} from '../../contract/flavor.ts';
import {dismissCompanions} from '../../linux/companions.ts';
import {isProgram} from '../../linux/programs.ts';
import {RktError} from '../../rkt-error.ts';
import {suggest} from '../../suggest.ts';
import type {Entrypoints} from '../aci/entrypoints.ts';
import {checkedOnce} from '../checked-once.ts';
import {flavorLoadFailed, flavorNotFound} from '../errors.ts';
import {checkHooks} from './check-hooks.ts';
import {fileDigest} from './file-digest.ts';
import {loadScript} from './load-script.ts';
import {findInOwnTrees, hasOwnName, isOwnFlavor, ownFlavors} from './own-flavors.ts';
import {packageManifest} from './package-manifest.ts';
import {entries, findPackage, flavorsIn, ownTrees} from './package-trees.ts';

/** A flavor that has been loaded and checked. */
export interface FoundFlavor {
  readonly flavor: Flavor;
  /** `sha256-…` of the file it was loaded from, of all files of somebody else's package, or the ID of the image. */
  readonly digest: string;
  /** The file it was loaded from, or the ID of the image that it is. */
  readonly source: string;
  /** It comes with rkt. Default false. */
  readonly own?: boolean;
  /** Of a stage1 image made for rkt. */
  readonly entrypoints?: Entrypoints;
}

interface Options {
  /** Where digests of unchanged files and checked declarations are remembered. Absent: nothing is. */
  readonly cacheDir?: string | undefined;
  /** Directories with a `node_modules` in which packages are looked up, after rkt's own. */
  readonly searchFrom?: readonly string[];
  /** The packages that the flavor is made of, where that is loaded from a copy of them. */
  readonly copy?: string | undefined;
  /** Gets what other people's flavors write. */
  readonly note?: (text: string) => void;
}

/** What rkt calls its stage1 images, with or without labels. */
const RKT_NAME = /^(coreos\.com\/rkt\/stage1-([a-z0-9-]+))([:,].*)?$/;

/**
 * Finds, loads and checks a flavor.
 * @param selection a name (`fly`), one of rkt's image names, a package name, or the path of a package or file
 * @throws RKT_FLAVOR_NOT_FOUND, RKT_FLAVOR_HOOK_INVALID, RKT_FLAVOR_DECLARATION_INVALID, RKT_CONTRACT_UNSUPPORTED
 */
export const findFlavor = async (selection: string, options: Options): Promise<FoundFlavor> =>
  load(selection, resolve(selection, options), options);

/** The file that `findFlavor` would load; `undefined` if there is none. */
export const locateFlavor = (selection: string, options: Options): string | undefined => {
  try {
    return resolve(selection, options).source;
  } catch (error) {
    if (error instanceof RktError && error.code === 'RKT_FLAVOR_NOT_FOUND') return undefined;
    throw error;
  }
};

/** Where a flavor is, and whether it is one of rkt's own: they are known to have no effect, and to run others apart costs a process. */
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
  const isShort = SHORT_NAME.test(name);
  const packages = isShort ? [`@rkt/flavor-${name}`, `rkt-flavor-${name}`] : [name];
  for (const candidate of packages) {
    const place = resolvePackage(candidate, options);
    if (place !== undefined) return place;
  }
  const beside = isShort ? besideTrees(options).map((from) => path.join(from, name)) : [];
  const found = beside.find((place) => existsSync(place));
  if (found !== undefined) return {source: resolvePath(found), builtIn: false};
  throw flavorNotFound(selection, [...packages, ...beside], undefined, hintFor(selection, options));
};

const SHORT_NAME = /^[a-z0-9-]+$/;

/** Configured directories: what is in one by its own name is a package or a program. */
const besideTrees = ({searchFrom = []}: Options): readonly string[] => searchFrom;

const flavorsBeside = (from: string): string[] =>
  entries(from)
    .filter((name) => SHORT_NAME.test(name) && name !== 'node_modules')
    .map((name) => path.join(from, name))
    .filter((place) => existsSync(path.join(place, 'package.json')) || isProgram(place));

const hintFor = (selection: string, options: Options): string | undefined => {
  if (isRktName(selection))
    return 'no flavor that is installed takes the place of this image of rkt; choose one of "rkt flavor list"';
  const installed = [...ownTrees(), ...configuredTrees(options)]
    .flatMap(flavorsIn)
    .map((found) => found.replace(/^(@rkt\/|rkt-)flavor-/, ''));
  if (existsSync(selection)) return `a path begins with "./" or "/": "./${selection}"`;
  const near = suggest(selection, [...new Set(installed)]);
  return near.length === 0 ? undefined : `did you mean ${near.map((each) => `"${each}"`).join(' or ')}?`;
};

const resolvePath = (given: string): string => {
  const absolute = path.resolve(given);
  let stats: Stats;
  try {
    stats = statSync(absolute);
  } catch (cause) {
    throw flavorNotFound(given, [absolute], cause);
  }
  // Whoever reads a fifo waits for ever.
  if (!stats.isDirectory() && !stats.isFile())
    throw flavorLoadFailed(given, absolute, new Error('it is neither a regular file nor a directory'));
  if (stats.isFile()) return absolute;
  if (!existsSync(path.join(absolute, 'package.json')))
    throw flavorNotFound(given, [path.join(absolute, 'package.json')]);
  try {
    return entryOf(absolute);
  } catch (cause) {
    throw flavorLoadFailed(given, path.join(absolute, 'package.json'), cause);
  }
};

/** What a package is loaded from: as if it were installed (`exports`), else as a directory (`main`). */
const entryOf = (directory: string): string => {
  const {name, exports} = packageManifest(directory);
  const inside = createRequire(path.join(directory, 'package.json'));
  return inside.resolve(typeof name === 'string' && exports !== undefined ? name : directory);
};

const resolvePackage = (name: string, options: Options): Place | undefined => {
  const own = findInOwnTrees(name);
  const source = own ?? findPackage(name, configuredTrees(options));
  return source === undefined ? undefined : {source, builtIn: own !== undefined && hasOwnName(name)};
};

const configuredTrees = ({searchFrom = []}: Options): string[] =>
  searchFrom.map((from) => path.join(from, 'node_modules'));

const ownFlavor = (source: string): Flavor => {
  const module = loadScript(source) as {default?: unknown};
  return checkHooks(module.default ?? module, source);
};

const digestOf = async ({source, builtIn}: Place, {cacheDir}: Options): Promise<string> => {
  if (builtIn) return fileDigest(source, cacheDir);
  const {isExecutable} = await import('./executable-flavor.ts');
  if (isExecutable(source)) return fileDigest(source, cacheDir);
  const [{digestedParts, flavorParts}, {flavorDigest}] = await Promise.all([
    import('./flavor-parts.ts'),
    import('./flavor-digest.ts'),
  ]);
  const parts = flavorParts(source) ?? digestedParts(source);
  return parts === undefined ? fileDigest(source, cacheDir) : flavorDigest(parts);
};

/** @throws RKT_FLAVOR_LOAD_FAILED */
const reading = async <T>(selection: string, source: string, read: () => Promise<T>): Promise<T> => {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof RktError) throw cause;
    throw flavorLoadFailed(selection, source, cause);
  }
};

const load = async (selection: string, place: Place, options: Options): Promise<FoundFlavor> => {
  const {source, builtIn} = place;
  const {cacheDir, copy, note} = options;
  const {digest, flavor} = await reading(selection, source, async () => ({
    // Before it is loaded: what is kept of it afterwards has the same one, or it has changed meanwhile.
    digest: await digestOf(place, options),
    flavor: builtIn ? ownFlavor(source) : (await import('./outside-flavor.ts')).outsideFlavor(source, {copy, note}),
  }));
  const {declaration} = flavor;
  const checked = cacheDir === undefined ? undefined : path.join(cacheDir, 'checked');
  await checkedOnce(checked, 'declaration', JSON.stringify(declaration), async () => {
    const {checkDeclaration} = await import('./check-declaration.ts');
    checkDeclaration(declaration, source);
  });
  return {flavor, digest, source, own: builtIn};
};

/** A flavor that is installed but cannot be used. */
export interface BrokenFlavor {
  readonly source: string;
  readonly error: unknown;
}

const loadFrom = async (source: string, builtIn: boolean, options: Options): Promise<FoundFlavor> =>
  load(source, {source: resolvePath(source), builtIn}, options);

/** The flavor of somebody else's that is this file of the host; throws as {@link findFlavor}. */
export const loadFlavor = (source: string, options: Options): Promise<FoundFlavor> =>
  load(source, {source, builtIn: false}, options);

/**
 * The digest of what is at a flavor's place now, whatever it is. It is not loaded for that.
 * @throws RKT_FLAVOR_NOT_FOUND, RKT_FLAVOR_LOAD_FAILED
 */
export const digestAt = async (selection: string, options: Options): Promise<string> => {
  const place = resolve(selection, options);
  return reading(selection, place.source, () => digestOf(place, options));
};

/**
 * Looks at every flavor package in the trees that are searched, one after the other: what runs of a flavor of somebody else's has ended before the next is loaded, so that all of them together
 * have no more memory than one.
 * @param look gets one that fails to load with its error, and may ask one that does not until it has returned
 */
export const eachFlavor = async <T>(
  options: Options,
  look: (found: FoundFlavor | BrokenFlavor) => T | Promise<T>,
): Promise<T[]> => {
  const places = new Map<string, Place>();
  for (const name of [...ownTrees(), ...configuredTrees(options)].flatMap(flavorsIn)) {
    const place = resolvePackage(name, options);
    if (place !== undefined) places.set(place.source, place);
  }
  for (const place of besideTrees(options).flatMap(flavorsBeside)) {
    places.set(place, {source: place, builtIn: false});
  }
  const seen: T[] = [];
  for (const source of [...places.keys()].sort()) {
    const builtIn = places.get(source)?.builtIn === true;
    seen.push(await look(await loadFrom(source, builtIn, options).catch((error: unknown) => ({source, error}))));
    dismissCompanions();
  }
  return seen;
};
