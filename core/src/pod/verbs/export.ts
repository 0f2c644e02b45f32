import {constants, fstatSync, mkdirSync, readFileSync} from 'node:fs';
import type {ImageManifest} from '../../appc/image-manifest.ts';
import {parseImageManifest} from '../../appc/parse-image-manifest.ts';
import type {HostPath, ImageId, Uuid} from '../../contract/names.ts';
import type {App} from '../../contract/pod.ts';
import {ownMounts, withReadOnly} from '../../executor/with-read-only.ts';
import {buildImage} from '../../image/build/build-image.ts';
import {makeSpool} from '../../image/spool.ts';
import {holdImages, type ImageStore, openStore} from '../../image/store.ts';
import {unpackUpper} from '../../image/unpack-upper.ts';
import type {Fd} from '../../linux/fd.ts';
import {lockDirectory} from '../../linux/lock.ts';
import {openStored} from '../../linux/open-stored.ts';
import {openBeneath, openHost} from '../../linux/openat2.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {changesNotKept, layerGone, podBusy, podNotInState} from '../errors.ts';
import {findPod, locatePod} from '../state/find.ts';
import {appPaths, CHANGES} from '../state/layout.ts';
import {pickApp} from '../state/pick-app.ts';
import {requireStored} from '../state/stored.ts';

const READ = constants.O_RDONLY | constants.O_DIRECTORY;

/** Makes an image of the files that an app of an exited pod has left, with the manifest of its image. Returns the image's ID. */
export const exportApp = async (
  dataDir: HostPath,
  uuid: Uuid,
  appName: string | undefined,
  {output, overwrite}: {output: string; overwrite: boolean},
): Promise<ImageId> => {
  // A pod that is over keeps no image from being removed.
  const store = openStore(dataDir);
  using _images = holdImages(store);
  ownMounts();
  // With it nobody removes the pod; it may be moved meanwhile, so that from here on it goes by its descriptor, for our children too.
  using lock = lockExited(dataDir, uuid);
  const pod = `/proc/${process.pid}/fd/${lock.number}` as HostPath;
  const app = pickApp(uuid, requireStored(pod, 'frozen').apps, appName);
  const manifest = complete(parseImageManifest(readFileSync(`${pod}/${appPaths(app.name).manifest}`)));
  const build = (directory: HostPath) =>
    buildImage({directory, manifest, output, overwrite, compression: 'gzip', mtime: 'keep'});
  const {rootfs} = app;
  // Awaited here: the locks end with this function.
  return rootfs.kind === 'copy'
    ? await build(`${pod}/${rootfs.directory}` as HostPath)
    : await withLayers(store, lock, app, rootfs, build);
};

const lockExited = (dataDir: HostPath, uuid: Uuid): Fd => {
  for (;;) {
    const {state, path} = findPod(dataDir, uuid);
    if (state !== 'exited' && state !== 'exited garbage') throw podNotInState(uuid, state, 'exited');
    try {
      const lock = lockDirectory(path, 'shared');
      if (lock === undefined) throw podBusy(uuid, state);
      // It has been removed meanwhile: of what is open nothing is left.
      if (locatePod(dataDir, uuid) !== undefined) return lock;
      lock.close();
    } catch (error) {
      // It has been moved meanwhile.
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  }
};

const withLayers = async <T>(
  store: ImageStore,
  pod: Fd,
  app: App,
  {upper, lower}: Extract<App['rootfs'], {kind: 'overlay'}>,
  use: (directory: HostPath) => Promise<T>,
): Promise<T> => {
  using open = new DisposableStack();
  const top = open.use((await openKept(open, store, pod, app)) ?? openBeneath(pod, upper, READ, {noSymlinks: true}));
  const layers = [...new Set(lower)].map((path) => {
    try {
      return open.use(openStored(path, READ));
    } catch (error) {
      throw isErrno(error, 'ENOENT') ? layerGone(app.name, app.image.id, error) : error;
    }
  });
  return await withReadOnly([top, ...layers], use);
};

/** What the app has written, where a flavor has kept that as an archive; `undefined`: it is where rkt has made a place for it. */
const openKept = async (open: DisposableStack, store: ImageStore, pod: Fd, app: App): Promise<Fd | undefined> => {
  if (app.readOnlyRootfs) return undefined;
  using kept = openIfThere(pod, CHANGES, READ);
  if (kept === undefined) return undefined;
  using archive = openIfThere(kept, app.name, constants.O_RDONLY | constants.O_NONBLOCK);
  const stats = archive && fstatSync(archive.number);
  if (archive === undefined || !stats?.isFile()) throw changesNotKept(app.name, app.image.id);
  if (stats.size === 0) return undefined;
  const spool = open.use(makeSpool(store));
  const tree = `${spool.path}/upper` as HostPath;
  mkdirSync(tree, {mode: 0o700});
  await unpackUpper(archive, tree);
  return openHost(`${tree}/rootfs`, READ);
};

const openIfThere = (directory: Fd, path: string, flags: number): Fd | undefined => {
  try {
    return openBeneath(directory, path, flags, {noSymlinks: true});
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
};

/** All files are in it: nothing is to be laid below, and nothing to be taken away. */
const complete = ({dependencies: _below, pathWhitelist: _away, ...manifest}: ImageManifest): ImageManifest => manifest;
