import type {Mount} from '../../contract/pod.ts';
import {volumeUndefined} from '../errors.ts';
import type {MountPoint} from '../mount-points.ts';
import type {ManifestMount} from '../pod-manifest.ts';
import type {ManifestVolume} from '../volumes.ts';

export interface ResolvedMount extends Mount {
  /** The mount's own volume, or the pod's of that name (appc PO-07). */
  readonly source: ManifestVolume;
}

/** The mounts of an app with the volumes they mean; read-only if the volume or the app's mount point is (appc PO-07, IM-22). */
export const compileMounts = (
  app: string,
  mounts: readonly ManifestMount[] | null | undefined,
  volumes: readonly ManifestVolume[] | null | undefined,
  mountPoints: readonly MountPoint[] | null | undefined,
): ResolvedMount[] => {
  const known = new Map((volumes ?? []).map((volume) => [volume.name, volume]));
  // The first of several at one place.
  const points = new Map((mountPoints ?? []).map((point) => [plain(point.path), point] as const).reverse());
  return (mounts ?? []).map(({volume, path, appVolume}): ResolvedMount => {
    const source = appVolume ?? known.get(volume);
    if (source === undefined) throw volumeUndefined(app, volume);
    const point = points.get(plain(path));
    return {volume: source.name, path, readOnly: (source.readOnly ?? false) || (point?.readOnly ?? false), source};
  });
};

/** Without empty and `.` parts, so that one place is written one way. */
const plain = (path: string): string =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
