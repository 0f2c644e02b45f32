import {readFileSync} from 'node:fs';
import type {ImageManifest} from '../appc/image-manifest.ts';
import {parseImageManifest} from '../appc/parse-image-manifest.ts';
import type {HostPath, ImageId} from '../contract/names.ts';
import type {App} from '../contract/pod.ts';
import {buildImage} from '../image/build/build-image.ts';
import {lockDirectory} from '../linux/lock.ts';
import {podBusy, podNotInState} from './errors.ts';
import {appPaths} from './layout.ts';
import type {PodEntry} from './load.ts';
import {mountReadOnly} from './mount-read-only.ts';
import {pickApp} from './pick-app.ts';
import {requireStored} from './stored.ts';

/** Makes an image of the files that an app of an exited pod has left, with the manifest of its image. Returns the image's ID. */
export const exportApp = async (
  {uuid, state, path}: PodEntry,
  appName: string | undefined,
  {output, overwrite}: {output: string; overwrite: boolean},
): Promise<ImageId> => {
  if (state !== 'exited' && state !== 'exited garbage') throw podNotInState(uuid, state, 'exited');
  // gc and rm leave it alone meanwhile.
  using lock = lockDirectory(path, 'shared');
  if (lock === undefined) throw podBusy(uuid, state);
  const app = pickApp(uuid, requireStored(path, 'frozen').apps, appName);
  const manifest = parseImageManifest(readFileSync(`${path}/${appPaths(app.name).manifest}`));
  return buildImage({
    directory: filesOf(path, app),
    manifest: complete(manifest),
    output,
    overwrite,
    compression: 'gzip',
    mtime: 'keep',
  });
};

const filesOf = (pod: HostPath, {rootfs, mountPoint}: App): HostPath => {
  if (rootfs.kind === 'copy') return `${pod}/${rootfs.directory}` as HostPath;
  const target = `${pod}/${mountPoint}` as HostPath;
  mountReadOnly([`${pod}/${rootfs.upper}` as HostPath, ...rootfs.lower], target);
  return target;
};

/** All files are in it: nothing is to be laid below, and nothing to be taken away. */
const complete = ({dependencies: _below, pathWhitelist: _away, ...manifest}: ImageManifest): ImageManifest => manifest;
