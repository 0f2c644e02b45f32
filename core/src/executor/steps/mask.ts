import {constants, fstatSync} from 'node:fs';
import type {Mount, Pod} from '../../contract/pod.ts';
import {isDevice} from '../../linux/device.ts';
import type {Fd} from '../../linux/fd.ts';
import {mkdirsInRoot} from '../../linux/mkdirs.ts';
import {newFileSystem, openTree, setMountAttributes} from '../../linux/mount.ts';
import {O_PATH, openBeneath, openEntry, openHost} from '../../linux/openat2.ts';
import {attach} from '../attach.ts';
import type {StepContext} from '../context.ts';
import {nullDeviceFalse} from '../errors.ts';
import {openRootfs} from '../location.ts';
import {openPresent} from '../open-present.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

const NULL = '/dev/null';

/** Hides paths of an app, whatever the image has put in its own /dev. Volumes that it has below have their places there. */
export const perform = ({app, paths}: StepOf<'mask'>, context: StepContext): Notes => {
  using root = openRootfs(app, context);
  using covers = new Covers();
  const mounts = context.pod.apps.find(({name}) => name === app)?.mounts ?? [];
  for (const path of paths) {
    using target = openPresent(root, path);
    if (target === undefined) continue;
    const isDirectory = fstatSync(target.number).isDirectory();
    using cover = isDirectory ? covers.directory(placesBelow(path, mounts, context.pod)) : covers.file();
    attach(cover, target, context);
  }
  return NOTHING;
};

/** What paths are covered with. Empty directories are all one: each has a mount of it. */
class Covers implements Disposable {
  readonly #open = new DisposableStack();
  #empty: Fd | undefined;
  #nullDevice: Fd | undefined;

  directory(places: readonly PlaceOfVolume[]): Fd {
    if (places.length > 0) return directoryWith(places);
    if (this.#empty !== undefined) return openTree(this.#empty);
    const first = directoryWith([]);
    // Copied when it has been attached: kernels before 6.15 copy no other.
    this.#empty = this.#open.use(openBeneath(first, '.', O_PATH | constants.O_DIRECTORY));
    return first;
  }

  file(): Fd {
    this.#nullDevice ??= this.#open.use(openNullDevice());
    const mount = openTree(this.#nullDevice);
    setMountAttributes(mount, {flags: ['ro', 'nosuid', 'noexec'], propagation: 'private'});
    return mount;
  }

  [Symbol.dispose](): void {
    this.#open.dispose();
  }
}

interface PlaceOfVolume {
  /** Below the directory. */
  readonly path: string;
  readonly isDirectory: boolean;
}

/** What is in another volume is there already. */
const placesBelow = (directory: string, mounts: readonly Mount[], {volumes}: Pod): PlaceOfVolume[] => {
  const isBelow = (path: string, outer: string) => path.startsWith(`${outer}/`);
  const below = mounts.filter(({path}) => isBelow(path, directory));
  return below
    .filter(({path}) => !below.some((other) => isBelow(path, other.path)))
    .map(({path, volume: name}) => {
      const volume = volumes.find((candidate) => candidate.name === name);
      return {path: path.slice(directory.length), isDirectory: volume?.kind !== 'host' || volume.type === 'directory'};
    });
};

const directoryWith = (places: readonly PlaceOfVolume[]): Fd => {
  const names = places.flatMap(({path}) => path.split('/'));
  const cover = newFileSystem(
    'tmpfs',
    [
      ['mode', '0555'],
      ['size', '4k'],
      ['nr_inodes', String(2 + names.length)],
      ...(places.length === 0 ? ([['ro', true]] as const) : []),
    ],
    ['nosuid', 'nodev', 'noexec'],
  );
  try {
    for (const place of places) makePlace(cover, place);
    setMountAttributes(cover, {flags: ['ro']});
    return cover;
  } catch (error) {
    cover.close();
    throw error;
  }
};

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

const makePlace = (root: Fd, {path, isDirectory}: PlaceOfVolume): void => {
  const slash = path.lastIndexOf('/');
  using directory = mkdirsInRoot(root, isDirectory ? path : path.slice(0, slash) || '/');
  if (isDirectory) return;
  using _ = openEntry(directory, path.slice(slash + 1), CREATE, {mode: 0o444});
};

// The host's own, and checked as an open file: what its path means later does not matter.
const openNullDevice = (): Fd => {
  const source = openHost(NULL, O_PATH, {noSymlinks: true});
  if (isDevice(source, {type: 'char', major: 1, minor: 3})) return source;
  source.close();
  throw nullDeviceFalse(NULL);
};
