import {constants, fstatSync} from 'node:fs';
import type {Fd} from '../../linux/fd.ts';
import {FileIdentity} from '../../linux/file-identity.ts';
import {
  mountWithData,
  moveMount,
  newFileSystem,
  openTree,
  refusesDescriptors,
  setMountAttributes,
  unmount,
} from '../../linux/mount.ts';
import {openStored} from '../../linux/open-stored.ts';
import {overlayAttributes} from '../../linux/overlay-attributes.ts';
import {assertNotShared} from '../attach.ts';
import type {StepContext} from '../context.ts';
import {overlayTooManyLayers} from '../errors.ts';
import {openLocation, Place} from '../location.ts';
import type {Mapping} from '../made.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** OVL_MAX_STACK of the kernel. */
const MAX_LAYERS = 500;
/** Length of what mount(2) takes, with its NUL. */
const PAGE = 4096;
/** What an image, or an app, has for a device is none (S29). */
const FLAGS = ['nodev'] as const;
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
  if (paths.length > MAX_LAYERS) throw overlayTooManyLayers(step.app ?? 'stage1', paths.length, MAX_LAYERS);
  using open = new DisposableStack();
  const lower = paths.map((path) => open.use(openStored(path, READ)));
  const directory = (path: typeof step.target, options: {mode?: number; uid?: number; gid?: number} = {}): Fd => {
    using place = new Place({in: 'pod', path}, context);
    return open.use(place.makeDirectory(options));
  };
  // The root directory of the overlay looks like its writable layer, so that one has to look like the image.
  const top = lower[0] === undefined ? undefined : fstatSync(lower[0].number);
  directory(step.upper, top && {mode: top.mode & 0o7777, uid: top.uid, gid: top.gid});
  directory(step.work);
  const target = directory(step.target);
  assertNotShared(target, context);
  const mapping = context.made.idMap;
  if (mapping !== undefined) {
    mountMapped({step, lower, target, mapping}, context);
    return NOTHING;
  }
  const layers: Layers = {
    lower,
    upper: open.use(openLocation({in: 'pod', path: step.upper}, context, READ)),
    work: open.use(openLocation({in: 'pod', path: step.work}, context, READ)),
  };
  mountOverlay(step.app ?? 'stage1', layers, target);
  return NOTHING;
};

interface Mapped {
  readonly step: StepOf<'overlay'>;
  readonly lower: readonly Fd[];
  readonly target: Fd;
  readonly mapping: Mapping;
}

/**
 * An overlay has no map of ids, but each of its layers can have one (Linux 5.19): then it shows the pod's ids, and what is written has the image's on disk. Whoever
 * mounts it must have an id that the map has: it makes what the kernel itself needs in the writable layer.
 */
const mountMapped = ({step, lower, target, mapping}: Mapped, context: StepContext): void => {
  const above = parentOf(step.upper);
  if (above !== parentOf(step.work)) throw new Error(`${step.upper} and ${step.work} are not in one directory`);
  using open = new DisposableStack();
  const place = (name: string) => ({in: 'pod', path: `${above}/mapped/${name}` as typeof step.upper}) as const;
  // Attached, because kernels before 6.15 take no detached mount for a layer.
  const attach = (name: string, source: Fd): Fd => {
    using mount = openTree(source);
    setMountAttributes(mount, {idMap: mapping.namespace, propagation: 'private'});
    using at = new Place(place(name), context);
    using directory = at.makeDirectory();
    moveMount(mount, directory);
    const root = open.use(openLocation(place(name), context, READ));
    // The overlay keeps its own.
    open.defer(() => unmount(root));
    return root;
  };
  using own = openLocation({in: 'pod', path: above}, context, READ);
  const layers = lower.map((layer, index) => attach(`lower-${index}`, layer));
  attach('own', own);
  const inOwn = (path: string) => open.use(openLocation(place(`own/${path.slice(above.length + 1)}`), context, READ));
  const [upper, work] = [inOwn(step.upper), inOwn(step.work)];
  using _ = new FileIdentity(mapping.base, mapping.base);
  mountOverlay(step.app ?? 'stage1', {lower: layers, upper, work}, target);
};

const parentOf = <P extends string>(path: P): P => path.slice(0, path.lastIndexOf('/')) as P;

const mountOverlay = (app: string, layers: Layers, target: Fd): void => {
  try {
    using mount = overlayByDescriptors(layers);
    moveMount(mount, target);
  } catch (error) {
    if (!refusesDescriptors(error)) throw error;
    overlayByData(app, layers, target);
  }
};

/** An overlay whose layers are the open directories themselves, detached. */
const overlayByDescriptors = ({lower, upper, work}: Layers): Fd =>
  newFileSystem(
    'overlay',
    [
      ...lower.map((layer) => ['lowerdir+', layer] as const),
      ...[['upperdir', upper] as const, ['workdir', work] as const],
      ...overlayAttributes(),
    ],
    FLAGS,
  );

/** An overlay on kernels that take only paths; those of descriptors are short and need no escapes. */
export const overlayByData = (app: string, {lower, upper, work}: Layers, target: Fd): void => {
  const paths = [`lowerdir=${lower.map(({path}) => path).join(':')}`, `upperdir=${upper.path}`, `workdir=${work.path}`];
  const data = [...paths, ...overlayAttributes().map(([name]) => name)].join(',');
  if (data.length >= PAGE)
    throw overlayTooManyLayers(app, lower.length, Math.floor(PAGE / '/proc/self/fd/000:'.length));
  mountWithData('overlay', target, data, FLAGS);
};
