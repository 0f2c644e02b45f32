import type {ResolvedMount} from '../../appc/compile/mounts.ts';
import type {ManifestVolume} from '../../appc/volumes.ts';
import type {AppName, RootfsPath, VolumeName} from '../../contract/names.ts';
import type {Mount, Volume} from '../../contract/pod.ts';
import {volumeNotReadOnly, volumeSourceUnusable} from '../errors.ts';
import {volumePath} from '../state/layout.ts';
import {freeNames} from './free-names.ts';
import type {DirectoryLook} from './image-tree.ts';
import {checkMountTargets, checkNestedTargets} from './mount-targets.ts';
import {checkSysTargets} from './sys-targets.ts';
import {type SourcePolicy, volumeSource} from './volume-source.ts';

interface Mounted {
  readonly app: AppName;
  readonly mounts: readonly ResolvedMount[];
}

/** What an empty volume at this place of an app begins with, if not with nothing. */
type Content = (app: AppName, path: RootfsPath) => DirectoryLook | undefined;

interface Filling {
  readonly app: AppName;
  readonly path: RootfsPath;
  readonly look: DirectoryLook;
}

/**
 * The volumes of a pod and where each app has them. A volume that no app mounts is kept: it was asked for, so its source is checked. An
 * empty one is filled by the first mount whose place has `content`, and looks like it unless the manifest says how it looks.
 * @throws RKT_VOLUME_NOT_READ_ONLY, and what is wrong with a source or a target
 * @param masked paths of the kernel that the pod hides
 */
export const freezeVolumes = (
  declared: readonly ManifestVolume[],
  apps: readonly Mounted[],
  policy: SourcePolicy,
  {content = () => undefined, masked = []}: {readonly content?: Content; readonly masked?: readonly string[]} = {},
): {volumes: Volume[]; mounts: ReadonlyMap<AppName, Mount[]>} => {
  const names = new Map<ManifestVolume, VolumeName>();
  const free = freeNames([]);
  const name = (volume: ManifestVolume): VolumeName => {
    const known = names.get(volume) ?? free(volume.name);
    names.set(volume, known);
    return known;
  };
  for (const volume of declared) name(volume);
  const mounts = new Map(
    apps.map(({app, mounts: resolved}): [AppName, Mount[]] => {
      checkMountTargets(
        app,
        resolved.map(({path}) => path),
      );
      return [
        app,
        resolved.map(({source, path, readOnly}) => ({
          // A mount's own volume (appc PO-07) may have the name of one of the pod's.
          volume: name(source),
          path,
          readOnly,
        })),
      ];
    }),
  );
  const places = Map.groupBy(
    [...mounts].flatMap(([app, mounted]) => mounted.map(({volume, path}) => ({app, volume, path}))),
    ({volume}) => volume,
  );
  const filledFrom = (volume: VolumeName): Filling | undefined => {
    for (const {app, path} of places.get(volume) ?? []) {
      const look = content(app, path);
      if (look !== undefined) return {app, path, look};
    }
    return undefined;
  };
  const volumes = Array.from(names, ([volume, unique]) =>
    volume.kind === 'empty' ? freezeEmpty(volume, unique, filledFrom(unique)) : freezeHost(volume, unique, policy),
  );
  for (const [app, mounted] of mounts) {
    checkWritable(mounted, volumes);
    checkNestedTargets(app, mounted, volumes);
    checkSysTargets(app, mounted, volumes, masked);
  }
  return {volumes, mounts};
};

/** What is mounted later has flags of its own: neither a volume nor a place for one makes it read-only. */
const checkWritable = (mounts: readonly Mount[], volumes: readonly Volume[]): void => {
  for (const {readOnly, volume: wanted} of mounts) {
    const volume = volumes.find(({name}) => name === wanted);
    if (readOnly && volume?.kind === 'host' && volume.propagation !== undefined)
      throw volumeNotReadOnly(wanted, volume.propagation);
  }
};

const freezeEmpty = (
  {readOnly, mode, uid, gid}: Extract<ManifestVolume, {kind: 'empty'}>,
  name: VolumeName,
  filling: Filling | undefined,
): Volume => ({
  name,
  readOnly: readOnly ?? false,
  kind: 'empty',
  directory: volumePath(name),
  mode: mode == null ? (filling?.look.mode ?? 0o755) : Number.parseInt(mode, 8),
  uid: uid ?? filling?.look.uid ?? 0,
  gid: gid ?? filling?.look.gid ?? 0,
  ...(filling === undefined ? {} : {copyUp: {app: filling.app, path: filling.path}}),
});

const freezeHost = (
  {readOnly, source, recursive, propagation}: Extract<ManifestVolume, {kind: 'host'}>,
  name: VolumeName,
  policy: SourcePolicy,
): Volume => {
  const found = volumeSource(name, source, policy);
  const propagates = propagation != null && propagation !== 'private';
  if (propagates && found.type !== 'directory')
    throw volumeSourceUnusable(name, source, `is no directory, and propagation=${propagation} is for those`);
  if (propagates && readOnly) throw volumeNotReadOnly(name, propagation);
  return {
    name,
    readOnly: readOnly ?? false,
    kind: 'host',
    ...found,
    recursive: recursive ?? true,
    ...(propagates ? {propagation} : {}),
    followSymlinks: policy.followSymlinks,
  };
};
