import {configuredStage1} from '../../config/config.ts';
import {loadConfig} from '../../config/load.ts';
import type {Pod} from '../../contract/pod.ts';
import type {FetchOptions} from '../../image/fetch.ts';
import {isImageId} from '../../image/image-ids.ts';
import {RktError} from '../../rkt-error.ts';
import type {Settings} from '../../settings.ts';
import {flavorNotApart, flavorReplaced, stage1ImageMissing} from '../errors.ts';
import {gatherHostFacts} from '../facts/host-facts.ts';
import {digestAt, type FoundFlavor, findFlavor} from '../load/find.ts';
import {defaultOrder, ownFlavors} from '../load/own-flavors.ts';
import {refuseWithoutRoot} from '../negotiation/refuse-without-root.ts';
import {defaultFlavor} from './default-flavor.ts';
import type {FlavorChoice} from './flavor-choice.ts';
import {flavorOptions} from './flavor-options.ts';
import {fromDirectory} from './from-directory.ts';
import {meansImage} from './means-image.ts';

/** A flavor, and the image that its own programs come from, if they are not the host's. */
export interface ChosenFlavor extends FoundFlavor {
  readonly stage1?: NonNullable<Pod['stage1']>;
}

/** The flavor that was asked for, by itself or through an image made for it, else the configured one (`rktKind: stage1`), else the first that is installed and can run on this host. */
export const chooseFlavor = async (
  settings: Settings,
  selection: string | undefined,
  {
    remember = true,
    pullPolicy = 'new',
  }: {readonly remember?: boolean; readonly pullPolicy?: FetchOptions['pullPolicy'] | 'stored'} = {},
): Promise<ChosenFlavor & {readonly choice: FlavorChoice}> => {
  const options = await flavorOptions(settings, remember);
  if (selection !== undefined)
    return chosenBy('asked', choose(settings, fromDirectory(selection, options.searchFrom[0]), pullPolicy, options));
  const {wanted, location} = await configured(settings);
  if (wanted === undefined) {
    return defaultFlavor({
      names: defaultOrder(ownFlavors()),
      find: (name) => findFlavor(name, options),
      gather: (programs) => gatherHostFacts(programs, undefined, options.cacheDir),
      note: settings.note,
    });
  }
  try {
    return await chosenBy('configured', choose(settings, wanted, pullPolicy, options));
  } catch (error) {
    // As in rkt: the place is for a name that is not here yet.
    if (location === undefined || !isNotFound(error)) throw error;
    return chosenBy('configured', choose(settings, location, pullPolicy, options));
  }
};

const chosenBy = async (by: 'asked' | 'configured', found: Promise<ChosenFlavor>) => ({...(await found), choice: {by}});

type FlavorOptions = Awaited<ReturnType<typeof flavorOptions>>;

const isNotFound = (error: unknown): boolean => error instanceof RktError && error.code === 'RKT_FLAVOR_NOT_FOUND';

const choose = async (
  settings: Settings,
  wanted: string,
  pullPolicy: NonNullable<FetchOptions['pullPolicy']> | 'stored',
  options: FlavorOptions,
): Promise<ChosenFlavor> => {
  const image = async () => (await import('./stage1-image.ts')).stage1Image(settings, wanted, pullPolicy, options);
  const means = meansImage(wanted);
  if (means === 'always') return image();
  try {
    const found = await findFlavor(wanted, options);
    return (await withBuiltImage(settings, found)) ?? missing(found);
  } catch (error) {
    if (!isNotFound(error) || means === 'never' || !(await isStored(settings, wanted))) throw error;
    return image();
  }
};

/** A flavor with the image that has been built for it, if it needs one; `undefined` if none has been. */
export const withBuiltImage = async (settings: Settings, found: FoundFlavor): Promise<ChosenFlavor | undefined> => {
  const {name, stage1Image} = found.flavor.declaration;
  if (stage1Image?.required !== true) return found;
  const {withStoredImage} = await import('./stage1-image.ts');
  return withStoredImage(settings, found, name);
};

/** For root it would be of use to make it. */
const missing = ({flavor}: FoundFlavor): never => {
  refuseWithoutRoot(flavor);
  throw stage1ImageMissing(flavor.declaration.name);
};

const isStored = async ({dataDir}: Settings, name: string): Promise<boolean> =>
  (await import('./stage1-image.ts')).isImageName(dataDir, name);

const configured = async (settings: Settings): Promise<{readonly wanted?: string; readonly location?: string}> => {
  const {stage1} = await loadConfig(settings, ['stage1']);
  const {flavor, location} = stage1;
  const wanted = configuredStage1(stage1);
  return {
    ...(wanted === undefined ? {} : {wanted}),
    ...(flavor !== undefined || location === undefined || location === wanted ? {} : {location}),
  };
};

/**
 * The very flavor that a pod was prepared with: as it is installed, or from the copy that is kept of it.
 * @throws RKT_FLAVOR_REPLACED, RKT_FLAVOR_NOT_FOUND, RKT_FLAVOR_LOAD_FAILED, RKT_FLAVOR_NOT_APART
 */
export const pinnedFlavor = async (
  settings: Settings,
  pinned: {readonly name: string; readonly source: string; readonly digest: string},
): Promise<FoundFlavor> => {
  const {name, source, digest} = pinned;
  const options = await flavorOptions(settings);
  if (isImageId(source)) return (await import('./stage1-image.ts')).pinnedImage(settings, source, options);
  if (process.geteuid?.() !== 0 && !(await import('../load/executable-flavor.ts')).isModule(source))
    throw flavorNotApart(name, source);
  const found = await currentDigest(source, options);
  const installed = found === digest ? await findFlavor(source, options) : undefined;
  // What is loaded is read after its digest: it is that one if it still is.
  const now = installed?.digest === digest ? await currentDigest(source, options) : (installed?.digest ?? found);
  if (installed !== undefined && now === digest) return installed;
  const {keptFlavor} = await import('../load/kept-flavor.ts');
  const kept = await keptFlavor(settings.dataDir, {...pinned, found: now ?? 'none'}, options);
  if (kept !== undefined) return kept;
  // It says where it has been looked for, or what is wrong with it.
  if (now === undefined) return findFlavor(source, options);
  throw flavorReplaced(name, digest, now);
};

/** `undefined` of what is not there, or cannot be read. */
const currentDigest = (source: string, options: FlavorOptions): Promise<string | undefined> =>
  digestAt(source, options).catch((error: unknown) => {
    if (isUnusable(error)) return undefined;
    throw error;
  });

const isUnusable = (error: unknown): boolean =>
  isNotFound(error) || (error instanceof RktError && error.code === 'RKT_FLAVOR_LOAD_FAILED');
