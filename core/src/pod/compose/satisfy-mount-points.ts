import {placeOf} from '../../appc/paths.ts';
import type {PodManifest} from '../../appc/pod-manifest.ts';
import type {VolumeName} from '../../contract/names.ts';
import {boundMounts} from './bound-mounts.ts';
import {freeNames} from './free-names.ts';
import {checkImageTarget} from './mount-targets.ts';

type App = PodManifest['apps'][number];
type Volumes = NonNullable<PodManifest['volumes']>;

/**
 * Gives every mount point of every app a volume: the mount that the pod says, the pod's volume of the same name, or an empty one of the
 * app's own. A path on the host never comes from an image (S17).
 * @throws RKT_POD_MOUNTS_EXCESSIVE, RKT_POD_MOUNT_TARGET_REFUSED
 */
export const satisfyMountPoints = (manifest: PodManifest): PodManifest => {
  const volumes: Volumes = [...(manifest.volumes ?? [])];
  const names = new Set<string>(volumes.map(({name}) => name));
  const free = freeNames(names);
  const addEmpty = (wanted: string): VolumeName => {
    const name = free(wanted);
    names.add(name);
    volumes.push({name, kind: 'empty'});
    return name;
  };
  const bound = boundMounts();
  const apps = manifest.apps.map((app) => {
    const satisfied = satisfy(app, names, addEmpty);
    bound(
      app.name,
      (satisfied.mounts ?? []).map(({path}) => placeOf(path).slice(1)),
    );
    return satisfied;
  });
  return {...manifest, apps, ...(volumes.length > 0 || manifest.volumes != null ? {volumes} : {})};
};

const satisfy = (app: App, names: ReadonlySet<string>, addEmpty: (wanted: string) => VolumeName): App => {
  const mounts = [...(app.mounts ?? [])];
  const places = new Set(mounts.map((mount) => placeOf(mount.path)));
  for (const {name, path} of app.app?.mountPoints ?? []) {
    if (places.has(placeOf(path))) continue;
    places.add(placeOf(path));
    checkImageTarget(app.name, placeOf(path));
    mounts.push({volume: names.has(name) ? name : addEmpty(`${app.name}-${name}`), path});
  }
  return mounts.length > 0 || app.mounts != null ? {...app, mounts} : app;
};
