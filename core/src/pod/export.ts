import {readFileSync} from 'node:fs';
import type {ImageManifest} from '../appc/image-manifest.ts';
import {parseImageManifest} from '../appc/parse-image-manifest.ts';
import type {HostPath, ImageId} from '../contract/names.ts';
import {buildImage} from '../image/build/build-image.ts';
import {lockDirectory} from '../linux/lock.ts';
import {podBusy, podNotInState} from './errors.ts';
import {appPaths} from './layout.ts';
import type {PodEntry} from './load.ts';
import {pickApp} from './pick-app.ts';
import {requireStored} from './stored.ts';
import {ownMounts, withReadOnly} from './with-read-only.ts';

/** Makes an image of the files that an app of an exited pod has left, with the manifest of its image. Returns the image's ID. */
export const exportApp = async (
  {uuid, state, path}: PodEntry,
  appName: string | undefined,
  {output, overwrite}: {output: string; overwrite: boolean},
): Promise<ImageId> => {
  if (state !== 'exited' && state !== 'exited garbage') throw podNotInState(uuid, state, 'exited');
  ownMounts();
  // With it nobody removes the pod; it may be moved meanwhile, so that from here on it goes by its descriptor, for our children too.
  using lock = lockDirectory(path, 'shared');
  if (lock === undefined) throw podBusy(uuid, state);
  const pod = `/proc/${process.pid}/fd/${lock.number}` as HostPath;
  const app = pickApp(uuid, requireStored(pod, 'frozen').apps, appName);
  const manifest = complete(parseImageManifest(readFileSync(`${pod}/${appPaths(app.name).manifest}`)));
  const build = (directory: HostPath) =>
    buildImage({directory, manifest, output, overwrite, compression: 'gzip', mtime: 'keep'});
  const {rootfs} = app;
  // Awaited here: the lock ends with this function.
  return rootfs.kind === 'copy'
    ? await build(`${pod}/${rootfs.directory}` as HostPath)
    : await withReadOnly([`${pod}/${rootfs.upper}` as HostPath, ...rootfs.lower], build);
};

/** All files are in it: nothing is to be laid below, and nothing to be taken away. */
const complete = ({dependencies: _below, pathWhitelist: _away, ...manifest}: ImageManifest): ImageManifest => manifest;
