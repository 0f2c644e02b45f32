import {existsSync} from 'node:fs';
import type {Dependency} from '../appc/dependencies.ts';
import type {ImageId} from '../contract/names.ts';
import {
  imageDamaged,
  imageDependencyCycle,
  imageDependencyMismatch,
  imageDependencyMissing,
  imageLimitExceeded,
} from './errors.ts';
import {findByName} from './find-image.ts';
import {isImageId} from './image-ids.ts';
import {readInfo} from './info.ts';
import {labelRecord} from './label-record.ts';
import {DEPENDENCY_DEPTH, DEPENDENCY_VISITS} from './limits.ts';
import {imageManifestOf} from './manifest.ts';
import {type ImageStore, imageDirectory} from './store.ts';

/** One step of a rendering: this image's files, as far as all of the whitelists let them pass. */
export interface Visit {
  readonly id: ImageId;
  /** Of the image itself and of those that depend on it on this way to it; empty if none has one (appc EX-04). */
  readonly whitelists: readonly (readonly string[])[];
}

/**
 * What is laid over what to render an image, lowest first: its dependencies depth-first in their order, then itself; what two ways lead to is
 * visited twice (appc EX-03).
 * @throws RKT_IMAGE_NOT_FOUND, RKT_IMAGE_DEPENDENCY_…, RKT_IMAGE_LIMIT_EXCEEDED
 */
export const visitsOf = (store: ImageStore, id: ImageId): Visit[] => {
  const visits: Visit[] = [];
  const visit = (image: ImageId, above: readonly ImageId[], whitelists: Visit['whitelists']): void => {
    if (above.includes(image)) throw imageDependencyCycle([...above.slice(above.indexOf(image)), image]);
    if (above.length > DEPENDENCY_DEPTH) throw imageLimitExceeded('depth of dependencies', DEPENDENCY_DEPTH);
    const {name, dependencies, pathWhitelist} = imageManifestOf(store, image);
    const own = pathWhitelist == null || pathWhitelist.length === 0 ? whitelists : [...whitelists, pathWhitelist];
    for (const dependency of dependencies ?? []) {
      visit(resolve(store, name, dependency), [...above, image], own);
    }
    if (visits.length >= DEPENDENCY_VISITS) throw imageLimitExceeded('number of dependencies', DEPENDENCY_VISITS);
    visits.push({id: image, whitelists: own});
  };
  visit(id, [], []);
  return visits;
};

const resolve = (store: ImageStore, image: string, dependency: Dependency): ImageId => {
  const labels = labelRecord(dependency.labels);
  if (dependency.imageID != null && !isImageId(dependency.imageID))
    throw imageDamaged(image, `its manifest depends on "${dependency.imageID}", which is no ID`);
  const id = dependency.imageID ?? findByName(store, dependency.imageName, labels);
  if (id === undefined || !existsSync(imageDirectory(store, id))) {
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
