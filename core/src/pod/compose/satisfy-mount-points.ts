import type {PodManifest} from '../../appc/pod-manifest.ts';
import {volumeName} from '../../contract/names.ts';

type App = PodManifest['apps'][number];
type Volumes = NonNullable<PodManifest['volumes']>;

/**
 * Gives every mount point of every app a volume: the mount that the pod says, the pod's volume of the same name, or an empty one of the
 * app's own. A path on the host never comes from an image (S17).
 */
export const satisfyMountPoints = (manifest: PodManifest): PodManifest => {
  const volumes: Volumes = [...(manifest.volumes ?? [])];
  const names = new Set<string>(volumes.map(({name}) => name));
  const apps = manifest.apps.map((app) => satisfy(app, volumes, names));
  return {...manifest, apps, ...(volumes.length > 0 || manifest.volumes != null ? {volumes} : {})};
};

const satisfy = (app: App, volumes: Volumes, names: Set<string>): App => {
  const mounts = [...(app.mounts ?? [])];
  const places = new Set(mounts.map((mount) => plain(mount.path)));
  for (const {name, path} of app.app?.mountPoints ?? []) {
    if (places.has(plain(path))) continue;
    places.add(plain(path));
    if (!names.has(name)) {
      const volume = freeName(`${app.name}-${name}`, names);
      names.add(volume);
      volumes.push({name: volume, kind: 'empty'});
      mounts.push({volume, path});
    } else mounts.push({volume: name, path});
  }
  return mounts.length > 0 || app.mounts != null ? {...app, mounts} : app;
};

/** Without doubled slashes and `.`, as targets are compared. */
const plain = (path: string): string =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');

const freeName = (wanted: string, taken: ReadonlySet<string>) => {
  for (let number = 0; ; number++) {
    const suffix = number === 0 ? '' : `-${number}`;
    const name = `${wanted.slice(0, 64 - suffix.length).replace(/-$/, '')}${suffix}`;
    const parsed = volumeName.safeParse(name);
    if (parsed.success && !taken.has(parsed.data)) return parsed.data;
  }
};
