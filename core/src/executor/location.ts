import {constants, fstatSync} from 'node:fs';
import type {Location} from '../contract/location.ts';
import type {AppName} from '../contract/names.ts';
import {removeFile} from '../linux/directory-entry.ts';
import type {Fd} from '../linux/fd.ts';
import {FileIdentity} from '../linux/file-identity.ts';
import {type MkdirsOptions, mkdirs} from '../linux/mkdirs.ts';
import {mountId} from '../linux/mount-id.ts';
import {O_PATH, openBeneath, openEntry, openHost, openInRoot, type ResolveOptions} from '../linux/openat2.ts';
import {isErrno} from '../linux/syscall-error.ts';
import type {StepContext} from './context.ts';
import {targetNameInvalid, targetOutsideRootfs} from './errors.ts';

const DIRECTORY = O_PATH | constants.O_DIRECTORY;

/*
 * Nothing is kept open between steps: after a mount namespace is left, or something is mounted, an old descriptor would mean what was there before.
 */

const openPodDirectory = ({pod}: StepContext): Fd => openHost(pod.directory, DIRECTORY);

/** The root directory of an app, as mounted by now. */
export const openRootfs = (name: AppName, context: StepContext): Fd => {
  const app = context.pod.apps.find((candidate) => candidate.name === name);
  if (app === undefined) throw new Error(`the pod has no app "${name}"`);
  using pod = openPodDirectory(context);
  return openBeneath(pod, app.mountPoint, DIRECTORY, {noSymlinks: true});
};

/**
 * A location with its base held open, so that several paths of one step are resolved against the same directory. In a rootfs, files are made as the root user of
 * the pod while it is open.
 */
export class Place implements Disposable {
  readonly location: Location;
  readonly #base: Fd | undefined;
  readonly #context: StepContext;
  readonly #identity: Disposable | undefined;
  /** What an id of the pod is more on the host. */
  readonly shift: number = 0;

  constructor(location: Location, context: StepContext) {
    this.location = location;
    this.#context = context;
    if (location.in === 'pod') this.#base = openPodDirectory(context);
    else if (location.in === 'rootfs') {
      this.#base = openRootfs(location.app, context);
      const {idMap} = context.made;
      if (idMap === undefined) return;
      this.#identity = new FileIdentity(idMap.base, idMap.base);
      this.shift = idMap.base;
    }
  }

  /** Opens another path by the rules of this location's base. */
  readonly open = (path: string, flags: number, options: ResolveOptions = {}): Fd => {
    if (this.#base === undefined) return openHost(path, flags, options);
    if (this.location.in === 'rootfs') return openInRoot(this.#base, path, flags, options);
    return openBeneath(this.#base, path, flags, {...options, noSymlinks: true});
  };

  /** Opens the location itself as a directory (`O_PATH`), created with its missing parents. Never creates in a volume, nor on the host (appc EX-15). */
  makeDirectory(options: MkdirsOptions = {}): Fd {
    const {open} = this;
    return mkdirs(open, this.location.path, {...options, shift: this.shift, beforeChange: this.assertChangeable});
  }

  /** Opens the directory that the location is an entry of. With `create`, it is made if missing. */
  openParent({create = false}: {create?: boolean} = {}): {directory: Fd; name: string} {
    const {path} = this.location;
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    if (name === '' || name === '.' || name === '..') throw targetNameInvalid(path);
    const parent = slash < 0 ? '.' : path.slice(0, slash) || '/';
    const directory = create
      ? mkdirs(this.open, parent, {shift: this.shift, beforeChange: this.assertChangeable})
      : this.open(parent, DIRECTORY);
    return {directory, name};
  }

  /** Removes a symlink of this name (not what it leads to), so that something real can have it; whether there was one. */
  removeSymlink(): boolean {
    const {directory, name} = this.openParent();
    using _ = directory;
    try {
      using entry = openEntry(directory, name, O_PATH);
      if (!fstatSync(entry.number).isSymbolicLink()) return false;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return false;
      throw error;
    }
    this.assertChangeable(directory);
    removeFile(directory, name);
    return true;
  }

  /** Whether it is the root directory of the app itself, which a symlink of the image can lead to. */
  isBase(file: Fd): boolean {
    if (this.location.in !== 'rootfs' || this.#base === undefined) return false;
    const [own, other] = [this.#base, file].map(({number}) => fstatSync(number, {bigint: true}));
    return own?.ino === other?.ino && own?.dev === other?.dev && mountId(this.#base) === mountId(file);
  }

  /** Refuses a directory of a rootfs path that is not the app's own, which a symlink of the image can lead to. */
  readonly assertChangeable = (directory: Fd): void => {
    if (this.location.in !== 'rootfs' || this.#base === undefined) return;
    if (mountId(directory) === mountId(this.#base) || this.#context.made.ownMounts.has(mountId(directory))) return;
    throw targetOutsideRootfs(this.location.path);
  };

  [Symbol.dispose](): void {
    this.#identity?.[Symbol.dispose]();
    this.#base?.close();
  }
}

/** Resolves a location to an open file. */
export const openLocation = (
  location: Location,
  context: StepContext,
  flags: number,
  options: ResolveOptions = {},
): Fd => {
  using place = new Place(location, context);
  return place.open(location.path, flags, options);
};
