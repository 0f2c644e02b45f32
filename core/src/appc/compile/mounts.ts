import type {Mount} from '../../contract/pod.ts';
import {volumeUndefined} from '../errors.ts';
import type {MountPoint} from '../mount-points.ts';
import {placeOf} from '../paths.ts';
import type {ManifestMount} from '../pod-manifest.ts';
import type {ManifestVolume} from '../volumes.ts';

export interface ResolvedMount extends Mount {
  /** The mount's own volume, or the pod's of that name (appc PO-07). */
  readonly source: ManifestVolume;
}

/** The mounts of an app with the volumes they mean; read-only as the volume says, else as the app's mount point does (appc PO-07, IM-22, and rkt). */
export const compileMounts = (
  app: string,
  mounts: readonly ManifestMount[] | null | undefined,
  volumes: readonly ManifestVolume[] | null | undefined,
  mountPoints: readonly MountPoint[] | null | undefined,
): ResolvedMount[] => {
  const known = new Map((volumes ?? []).map((volume) => [volume.name, volume]));
  // The first of several at one place.
  const points = new Map((mountPoints ?? []).map((point) => [placeOf(point.path), point] as const).reverse());
  return (mounts ?? []).map(({volume, path, appVolume}): ResolvedMount => {
    const source = appVolume ?? known.get(volume);
    if (source === undefined) throw volumeUndefined(app, volume);
    const point = points.get(placeOf(path));
    return {volume: source.name, path: placeOf(path), readOnly: source.readOnly ?? point?.readOnly ?? false, source};
  });
};
