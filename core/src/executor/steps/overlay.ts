import {constants, fstatSync} from 'node:fs';
import type {Fd} from '../../linux/fd.ts';
import {mountWithData, moveMount, newFileSystem} from '../../linux/mount.ts';
import {openHost} from '../../linux/openat2.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import type {StepContext} from '../context.ts';
import {overlayTooManyLayers} from '../errors.ts';
import {openLocation, Place} from '../location.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** OVL_MAX_STACK of the kernel. */
const MAX_LAYERS = 500;
/** Length of what mount(2) takes, with its NUL. */
const PAGE = 4096;
const READ = constants.O_RDONLY | constants.O_DIRECTORY;

/** Directories of an overlay, `lower` uppermost first. */
export interface Layers {
  readonly lower: readonly Fd[];
  readonly upper: Fd;
  readonly work: Fd;
}

/** Mounts an app's rootfs: the layers of its image under a writable one. */
export const perform = (step: StepOf<'overlay'>, context: StepContext): Notes => {
  // A layer below itself adds nothing, and the kernel refuses it.
  const paths = [...new Set(step.lower)];
  if (paths.length > MAX_LAYERS) throw overlayTooManyLayers(step.app, paths.length, MAX_LAYERS);
  using open = new DisposableStack();
  const lower = paths.map((path) => open.use(openHost(path, READ)));
  const directory = (path: typeof step.target, options: {mode?: number; uid?: number; gid?: number} = {}): Fd => {
    using place = new Place({in: 'pod', path}, context);
    return open.use(place.makeDirectory(options));
  };
  // The root directory of the overlay looks like its writable layer, so that one has to look like the image.
  const top = lower[0] === undefined ? undefined : fstatSync(lower[0].number);
  directory(step.upper, top && {mode: top.mode & 0o7777, uid: top.uid, gid: top.gid});
  directory(step.work);
  const layers: Layers = {
    lower,
    upper: open.use(openLocation({in: 'pod', path: step.upper}, context, READ)),
    work: open.use(openLocation({in: 'pod', path: step.work}, context, READ)),
  };
  mountOverlay(step.app, layers, directory(step.target));
  return NOTHING;
};

const mountOverlay = (app: string, layers: Layers, target: Fd): void => {
  try {
    using mount = overlayByDescriptors(layers);
    moveMount(mount, target);
  } catch (error) {
    // Kernels before 6.13 take no descriptors for layers.
    if (!isErrno(error, 'EINVAL', 'EBADF')) throw error;
    overlayByData(app, layers, target);
  }
};

/** An overlay whose layers are the open directories themselves, detached. */
export const overlayByDescriptors = ({lower, upper, work}: Layers): Fd =>
  newFileSystem('overlay', [
    ...lower.map((layer) => ['lowerdir+', layer] as const),
    ['upperdir', upper],
    ['workdir', work],
  ]);

/** An overlay on kernels that take only paths; those of descriptors are short and need no escapes. */
export const overlayByData = (app: string, {lower, upper, work}: Layers, target: Fd): void => {
  const data = `lowerdir=${lower.map(({path}) => path).join(':')},upperdir=${upper.path},workdir=${work.path}`;
  if (data.length >= PAGE)
    throw overlayTooManyLayers(app, lower.length, Math.floor(PAGE / '/proc/self/fd/000:'.length));
  mountWithData('overlay', target, data);
};
