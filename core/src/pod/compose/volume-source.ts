import {lstatSync, readlinkSync, realpathSync, type Stats, statSync} from 'node:fs';
import path from 'node:path';
import type {HostPath} from '../../contract/names.ts';
import {type Device, decodeDevice} from '../../linux/device.ts';
import {errnoText} from '../../linux/errno-text.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {volumeSourceMissing, volumeSourceRoot, volumeSourceSymlink, volumeSourceUnusable} from '../errors.ts';

/** What the operator allowed for the sources of a pod's volumes. */
export interface SourcePolicy {
  /** Symlinks are followed (appc EX-21). */
  readonly followSymlinks: boolean;
  /** The root directory of the host may be one, with everything in it (S17). */
  readonly allowRoot: boolean;
}

/**
 * Looks at the source of a host volume before anything is created (appc EX-15, EX-16, EX-19 to EX-21). The executor looks again when it
 * opens it, without following symlinks.
 * @throws RKT_VOLUME_SOURCE_MISSING, RKT_VOLUME_SOURCE_ROOT, RKT_VOLUME_SOURCE_SYMLINK, RKT_VOLUME_SOURCE_UNUSABLE
 */
export const volumeSource = (
  volume: string,
  source: HostPath,
  {followSymlinks, allowRoot}: SourcePolicy,
): {source: HostPath; type: 'directory' | 'file' | 'device'; device?: Device} => {
  const normal = path.posix.normalize(source).replace(/(?<=.)\/$/, '') as HostPath;
  try {
    if (!followSymlinks) refuseSymlinks(volume, normal);
    const real = followSymlinks ? (realpathSync(normal) as HostPath) : normal;
    if (real === '/' && !allowRoot) throw volumeSourceRoot(volume, source);
    const stats = statSync(real);
    const type = typeOf(volume, normal, stats);
    return {source: real, type, ...(type === 'device' ? {device: deviceOf(stats)} : {})};
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) throw volumeSourceMissing(volume, source);
    // EINVAL: what was a symlink is none any more when it is read.
    if (isErrno(error, 'EINVAL', 'ELOOP', 'EACCES', 'ENAMETOOLONG'))
      throw volumeSourceUnusable(volume, source, errnoText(error) ?? 'it has changed meanwhile', error);
    throw error;
  }
};

const refuseSymlinks = (volume: string, source: HostPath): void => {
  let prefix = '';
  for (const part of source.split('/').slice(1)) {
    prefix += `/${part}`;
    if (lstatSync(prefix).isSymbolicLink()) throw volumeSourceSymlink(volume, source, prefix, readlinkSync(prefix));
  }
};

const typeOf = (volume: string, source: string, stats: Stats): 'directory' | 'file' | 'device' => {
  if (stats.isDirectory()) return 'directory';
  if (stats.isFile() || stats.isSocket() || stats.isFIFO()) return 'file';
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return 'device';
  throw volumeSourceUnusable(volume, source, 'is neither a directory nor a file nor a device');
};

const deviceOf = (stats: Stats): Device => ({
  type: stats.isBlockDevice() ? 'block' : 'char',
  ...decodeDevice(stats.rdev),
});
