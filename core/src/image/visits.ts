import type {Dependency} from '../appc/dependencies.ts';
import type {ImageManifest} from '../appc/image-manifest.ts';
import type {ImageId} from '../contract/names.ts';
import {
  imageDamaged,
  imageDependencyCycle,
  imageDependencyMismatch,
  imageDependencyMissing,
  imageLimitExceeded,
} from './errors.ts';
import {findByName} from './find-image.ts';
import {hasImage, isImageId} from './image-ids.ts';
import {readInfo} from './info.ts';
import {labelRecord} from './label-record.ts';
import {DEPENDENCY_DEPTH, DEPENDENCY_VISITS, WHITELIST_BYTES} from './limits.ts';
import {imageManifestOf} from './manifest.ts';
import type {ImageStore} from './store.ts';

/** The paths that an image lets pass; those of the same hash are the same. */
export interface Whitelist {
  readonly hash: string;
  readonly paths: readonly string[];
}

/** One step of a rendering: this image's files, as far as all of the whitelists let them pass. */
export interface Visit {
  readonly id: ImageId;
  /** Of the image itself and of those that depend on it on this way to it; empty if none has one (appc EX-04). */
  readonly whitelists: readonly Whitelist[];
}

/** An image that is not in the store, as if it were. */
interface Unstored {
  readonly id: ImageId;
  readonly manifest: ImageManifest;
}

/**
 * What is laid over what to render an image, lowest first: its dependencies depth-first in their order, then itself; what two ways lead to is
 * visited twice (appc EX-03).
 * @throws RKT_IMAGE_NOT_FOUND, RKT_IMAGE_DEPENDENCY_…, RKT_IMAGE_LIMIT_EXCEEDED
 */
export const visitsOf = (store: ImageStore, root: ImageId | Unstored): Visit[] => {
  const visits: Visit[] = [];
  const {id, manifest} = typeof root === 'string' ? {id: root} : root;
  const read = reader(store, (image) => (image === id ? manifest : undefined) ?? imageManifestOf(store, image));
  const visit = (image: ImageId, above: readonly ImageId[], whitelists: Visit['whitelists']): void => {
    if (above.includes(image)) throw imageDependencyCycle([...above.slice(above.indexOf(image)), image]);
    if (above.length > DEPENDENCY_DEPTH) throw imageLimitExceeded('depth of dependencies', DEPENDENCY_DEPTH);
    const {dependencies, whitelist} = read(image);
    const known = whitelist === undefined || whitelists.some(({hash}) => hash === whitelist.hash);
    const own = known ? whitelists : [...whitelists, whitelist];
    for (const dependency of dependencies) visit(dependency, [...above, image], own);
    if (visits.length >= DEPENDENCY_VISITS) throw imageLimitExceeded('number of dependencies', DEPENDENCY_VISITS);
    visits.push({id: image, whitelists: own});
  };
  visit(id, [], []);
  return visits;
};

interface Read {
  readonly dependencies: readonly ImageId[];
  readonly whitelist: Whitelist | undefined;
}

/** Reads what an image depends on and lets pass, each image once however many ways lead to it (S10). */
const reader = (store: ImageStore, manifestOf: (id: ImageId) => ImageManifest): ((id: ImageId) => Read) => {
  const images = new Map<ImageId, Read>();
  let bytes = 0;
  const whitelistOf = (paths: readonly string[] | null | undefined): Whitelist | undefined => {
    if (paths == null || paths.length === 0) return undefined;
    const text = JSON.stringify(paths);
    bytes += Buffer.byteLength(text);
    if (bytes > WHITELIST_BYTES) throw imageLimitExceeded('bytes of path whitelists', WHITELIST_BYTES);
    // Loaded when needed: most images let all pass.
    return {hash: process.getBuiltinModule('node:crypto').hash('sha512', text), paths};
  };
  return (id) => {
    const before = images.get(id);
    if (before !== undefined) return before;
    const {name, dependencies, pathWhitelist} = manifestOf(id);
    const below = dependencies ?? [];
    if (below.length >= DEPENDENCY_VISITS) throw imageLimitExceeded('number of dependencies', DEPENDENCY_VISITS);
    const found = {
      dependencies: below.map((dependency) => resolve(store, name, dependency)),
      whitelist: whitelistOf(pathWhitelist),
    };
    images.set(id, found);
    return found;
  };
};

const resolve = (store: ImageStore, image: string, dependency: Dependency): ImageId => {
  const labels = labelRecord(dependency.labels);
  if (dependency.imageID != null && !isImageId(dependency.imageID))
    throw imageDamaged(image, `its manifest depends on "${dependency.imageID}", which is no ID`);
  const id = dependency.imageID ?? findByName(store, dependency.imageName, labels);
  if (id === undefined || !hasImage(store, id)) {
    throw imageDependencyMissing(image, dependency.imageID ?? dependency.imageName);
  }
  const info = readInfo(store, id);
  const mismatch = (field: 'name' | 'labels' | 'size', wanted: unknown, found: unknown) =>
    imageDependencyMismatch(image, dependency.imageName, field, wanted, found);
  if (info.name !== dependency.imageName) throw mismatch('name', dependency.imageName, info.name);
  for (const [name, value] of Object.entries(labels)) {
    if (info.labels[name] !== value) throw mismatch('labels', labels, info.labels);
  }
  const {size} = dependency;
  // The specification does not say which archive is meant, the one that travels or the one that is hashed.
  if (size != null && size !== 0 && size !== info.archiveSize && size !== info.size) {
    throw mismatch('size', size, info.archiveSize);
  }
  return id;
};
