import type {App, Location, Mount, Pod, RootfsPath, Step, Volume} from '@rkt/core/contract';

/** A path inside an app's rootfs. */
export const inRootfs = (app: App, path: string): Location => ({in: 'rootfs', app: app.name, path: path as RootfsPath});

/** Leaves the host's mount namespace; everything mounted from here on ends with the pod. */
export const privateMounts = (...further: ('uts' | 'ipc' | 'net' | 'cgroup' | 'pid')[]): Step => ({
  id: 'namespace',
  do: 'namespace',
  unshare: ['mount', ...further],
});

/** Gives a pod with a user namespace its ids, for the steps that follow; nothing for another pod. */
export const mapIds = ({idMap}: Pod): Step[] => (idMap === undefined ? [] : [{id: 'ids', do: 'id-map', ...idMap}]);

/** Mounts an app's rootfs at its mount point: its image's layers under a writable one, or its own copy; without devices. */
export const mountRootfs = ({name, rootfs, mountPoint}: App): Step =>
  rootfs.kind === 'overlay'
    ? {
        id: `rootfs.${name}`,
        do: 'overlay',
        app: name,
        lower: rootfs.lower,
        upper: rootfs.upper,
        work: rootfs.work,
        target: mountPoint,
      }
    : {
        id: `rootfs.${name}`,
        do: 'bind',
        source: {in: 'pod', path: rootfs.directory},
        target: {in: 'pod', path: mountPoint},
        recursive: false,
        followSymlinks: false,
        flags: ['nodev'],
      };

const isBelowDev = ({path}: Mount): boolean => path.startsWith('/dev/');
const isBelowSys = ({path}: Mount): boolean => path.startsWith('/sys/');
const byPath = (a: Mount, b: Mount): number => (a.path < b.path ? -1 : 1);

const bindAll = (
  pod: Pod,
  app: App,
  which: (mount: Mount) => boolean,
  at = ({path}: Mount): Location => inRootfs(app, path),
): Step[] =>
  app.mounts
    .filter(which)
    .sort(byPath)
    .map((mount, index) => mountVolume(app, mount, volumeOf(pod, mount), index, at(mount)));

/** Binds the app's volumes at their targets, outer targets before inner ones; see {@link mountDevices} for those below /dev, `kernelPaths` for those below /sys. */
export const mountVolumes = (pod: Pod, app: App): Step[] =>
  bindAll(pod, app, (mount) => !isBelowDev(mount) && !isBelowSys(mount));

/** Binds the volumes below /dev, after `dev` has put the app's own there. */
export const mountDevices = (pod: Pod, app: App): Step[] => bindAll(pod, app, isBelowDev);

/**
 * Binds the volumes below /sys, after that is there with all that is hidden of it: `kernelPaths` does so. A flavor whose launcher mounts /sys binds them elsewhere first.
 * @param at where; default: at their targets
 */
export const mountSysVolumes = (pod: Pod, app: App, at?: (mount: Mount) => Location): Step[] =>
  bindAll(pod, app, isBelowSys, at);

/** The volumes of an app below /sys that are in no other. */
export const outerSysMounts = ({mounts}: App): Mount[] => {
  const below = mounts.filter(isBelowSys).sort(byPath);
  return below.filter(({path}) => !below.some((other) => path.startsWith(`${other.path}/`)));
};

const volumeOf = (pod: Pod, {volume: wanted}: Mount): Volume => {
  const volume = pod.volumes.find(({name}) => name === wanted);
  if (volume === undefined) throw new Error(`pod ${pod.uuid} has no volume "${wanted}"`);
  return volume;
};

/** The id of a step has 512 characters at most. */
const SHOWN_PATH = 256;

/** The path, or its beginning and which of the app's mounts it is of. */
const shown = (path: string, index: number): string => {
  const text = encodeURI(path);
  return text.length > SHOWN_PATH ? `${text.slice(0, SHOWN_PATH)}…${index}` : text;
};

const mountVolume = (
  app: App,
  {path, readOnly, volume: name}: Mount,
  volume: Volume,
  index: number,
  target: Location,
): Step => ({
  id: `volume.${app.name}.${name}:${shown(path, index)}`,
  do: 'bind',
  source: volume.kind === 'host' ? {in: 'host', path: volume.source} : {in: 'pod', path: volume.directory},
  target,
  recursive: volume.kind === 'host' && volume.recursive,
  followSymlinks: volume.kind === 'host' && volume.followSymlinks,
  ...(volume.kind === 'host' && volume.propagation ? {propagation: volume.propagation} : {}),
  // Only a volume that is one gives a device.
  flags: [
    ...(readOnly || volume.readOnly ? (['ro'] as const) : []),
    ...(volume.kind === 'host' && volume.type === 'device' ? [] : (['nodev'] as const)),
  ],
});

/** Makes the app's rootfs read-only; the last step that touches it. Volumes keep their own mode. */
export const readOnlyRootfs = (app: App): Step[] =>
  app.readOnlyRootfs ? [{id: `readonly.${app.name}`, do: 'remount', target: inRootfs(app, '/'), flags: ['ro']}] : [];
