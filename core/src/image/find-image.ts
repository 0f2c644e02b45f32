import type {ImageId} from '../contract/names.ts';
import {suggest} from '../suggest.ts';
import {imageAmbiguous, imageNotFound} from './errors.ts';
import {hasImage, imageIds} from './image-ids.ts';
import {findInIndex, listIndex} from './image-index.ts';
import {HOST_ARCH} from './platform.ts';
import type {ImageReference} from './reference.ts';
import type {ImageStore} from './store.ts';

const SHOWN_CANDIDATES = 8;

/** Enough digits to tell images apart, and to be taken for an ID. */
const short = (id: ImageId): string => id.slice(0, 'sha512-'.length + 16);

type Labels = Readonly<Record<string, string>>;

const fits = (found: Labels, wanted: Labels): boolean => {
  for (const [name, value] of Object.entries(wanted)) if (found[name] !== value) return false;
  // What is not asked for must still run here; an image without the label runs everywhere.
  if (wanted.os === undefined && found.os !== undefined && found.os !== 'linux') return false;
  return wanted.arch !== undefined || found.arch === undefined || found.arch === HOST_ARCH;
};

/**
 * The newest image of a name that has these labels; `os` and `arch` default to the host's. `undefined` if there is none.
 * @throws RKT_IMAGE_INDEX_DAMAGED
 */
export const findByName = (store: ImageStore, name: string, labels: Labels): ImageId | undefined =>
  findInIndex(store, name).find((row) => fits(row.labels, labels) && hasImage(store, row.id))?.id;

/**
 * {@link findImage} for who cannot take the newest of several for granted.
 * @throws RKT_IMAGE_AMBIGUOUS also for a name that several images have, and as {@link findImage} does
 */
export const findOnlyImage = (...wanted: Parameters<typeof findImage>): ImageId => {
  const found = findImage(...wanted);
  const [store, reference, text] = wanted;
  if (reference.kind !== 'name') return found;
  const {name, labels} = reference;
  const rows = findInIndex(store, name).filter((row) => fits(row.labels, labels) && hasImage(store, row.id));
  if (rows.length < 2) return found;
  const shown = rows
    .slice(0, SHOWN_CANDIDATES)
    .map(({id, labels: {version}}) => `${short(id)}${version === undefined ? '' : ` (version ${version})`}`);
  throw imageAmbiguous(text, shown, 'give the version, as in NAME:VERSION, or the ID');
};

const findByPrefix = (store: ImageStore, prefix: string): ImageId => {
  const candidates = imageIds(store).filter((id) => id.startsWith(prefix));
  const [first] = candidates;
  if (first === undefined) throw imageNotFound(prefix);
  if (candidates.length === 1) return first;
  throw imageAmbiguous(prefix, candidates.sort().slice(0, SHOWN_CANDIDATES).map(short));
};

/** Names of the store that were probably meant: those that end so, and those that are written alike. */
const near = (name: string, names: readonly string[]): string[] => {
  const others = [...new Set(names)].filter((other) => other !== name);
  const ending = others.filter((other) => other.endsWith(`/${name}`)).slice(0, 3);
  return ending.length > 0 ? ending : suggest(name, others);
};

/**
 * The image of the store that a reference means. A full ID costs one look at a directory, however many images there are.
 * @param text as typed, for messages
 * @throws RKT_IMAGE_NOT_FOUND, RKT_IMAGE_AMBIGUOUS, RKT_IMAGE_INDEX_DAMAGED
 */
export const findImage = (
  store: ImageStore,
  reference: Exclude<ImageReference, {kind: 'file'}>,
  text: string,
): ImageId => {
  switch (reference.kind) {
    case 'id':
      if (!hasImage(store, reference.id)) throw imageNotFound(text);
      return reference.id;
    case 'prefix':
      return findByPrefix(store, reference.prefix);
    case 'name': {
      const id = findByName(store, reference.name, reference.labels);
      if (id !== undefined) return id;
      // The index may have lost it, to a restored backup for one: looked through once more before giving up.
      const names = listIndex(store).map(({name}) => name);
      if (names.length > 0) {
        const again = findByName(store, reference.name, reference.labels);
        if (again !== undefined) return again;
      }
      throw imageNotFound(text, near(reference.name, names));
    }
    default:
      return reference satisfies never;
  }
};
