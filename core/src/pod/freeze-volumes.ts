import type {ResolvedMount} from '../appc/compile/mounts.ts';
import type {ManifestVolume} from '../appc/volumes.ts';
import type {AppName, VolumeName} from '../contract/names.ts';
import type {Mount, Volume} from '../contract/pod.ts';
import {volumePath} from './layout.ts';
import {checkMountTargets} from './mount-targets.ts';
import {type SourcePolicy, volumeSource} from './volume-source.ts';

interface Mounted {
  readonly app: AppName;
  readonly mounts: readonly ResolvedMount[];
}

/**
 * The volumes of a pod and where each app has them. A volume that no app mounts is kept: it was asked for, so its source is checked.
 */
export const freezeVolumes = (
  declared: readonly ManifestVolume[],
  apps: readonly Mounted[],
  policy: SourcePolicy,
): {volumes: Volume[]; mounts: ReadonlyMap<AppName, Mount[]>} => {
  const names = new Map<ManifestVolume, VolumeName>();
  const taken = new Set<string>();
  const name = (volume: ManifestVolume, wanted: string): VolumeName => {
    const known = names.get(volume);
    if (known !== undefined) return known;
    let free = wanted;
    for (let number = 1; taken.has(free); number++) free = `${wanted.slice(0, 58)}-${number}`;
    taken.add(free);
    names.set(volume, free as VolumeName); // an AC Name with a number behind it is one
    return free as VolumeName;
  };
  for (const volume of declared) name(volume, volume.name);
  const mounts = new Map(
    apps.map(({app, mounts: resolved}): [AppName, Mount[]] => {
      const targets = checkMountTargets(
        app,
        resolved.map(({path}) => path),
      );
      return [
        app,
        resolved.map(({source, path, readOnly}, index) => ({
          // A mount's own volume (appc PO-07) may have the name of one of the pod's.
          volume: name(source, source.name),
          path: targets[index] ?? path,
          readOnly,
        })),
      ];
    }),
  );
  const volumes = Array.from(names, ([volume, unique]) => freezeVolume(volume, unique, policy));
  return {volumes, mounts};
};

const freezeVolume = (volume: ManifestVolume, name: VolumeName, policy: SourcePolicy): Volume => {
  const readOnly = volume.readOnly ?? false;
  if (volume.kind === 'empty') {
    const {mode, uid, gid} = volume;
    return {
      name,
      readOnly,
      kind: 'empty',
      directory: volumePath(name),
      mode: Number.parseInt(mode ?? '0755', 8),
      uid: uid ?? 0,
      gid: gid ?? 0,
    };
  }
  return {
    name,
    readOnly,
    kind: 'host',
    ...volumeSource(name, volume.source, policy),
    recursive: volume.recursive ?? true,
    followSymlinks: policy.followSymlinks,
  };
};
