import type {App, Mount, Pod, Step, Volume} from '@rkt/plugin-sdk';
import {podPath, ROOT, SEEN, userOf} from './places.ts';

/*
 * A volume of the host is bound into QEMU's root directory, in one of two trees, which QEMU serves by 9p. QEMU is root of a user namespace there, whose ids the volumes
 * show, and no others: so files have the owners that the guest gives them, and nothing else of the host is within reach of those capabilities. An empty volume is the guest's own, in
 * memory, unless it begins with what an image has: that has been put into a directory of the pod.
 */

/** What can be written, and what cannot. */
export const TREES = ['rw', 'ro'] as const;
export type Tree = (typeof TREES)[number];

/** Users and groups that files of a volume can belong to: from 0 on. */
const IDS = 65_536;

interface Place {
  readonly volume: Volume;
  /** In the guest. */
  readonly path: string;
  readonly tree: Tree | undefined;
}

/** The volumes that apps have, and where each is. Their names are not in their paths. */
const placesOf = ({apps, volumes}: Pod): Place[] =>
  volumes.flatMap((volume, index) => {
    const mounts = apps.flatMap((app) => app.mounts.filter((mount) => mount.volume === volume.name));
    if (mounts.length === 0) return [];
    const readOnly = volume.readOnly || mounts.every((mount) => mount.readOnly);
    const tree = isServed(volume) ? (readOnly ? 'ro' : 'rw') : undefined;
    return [{volume, path: `/volumes/${tree ?? 'memory'}/${index}`, tree}];
  });

const isServed = (volume: Volume): boolean => volume.kind === 'host' || volume.copyUp !== undefined;

/** The trees that QEMU serves. */
export const servedTrees = (pod: Pod): Tree[] => [...new Set(placesOf(pod).flatMap(({tree}) => tree ?? []))];

/** How the guest calls one of them. */
export const tagOf = (tree: Tree): string => `volumes-${tree}`;

/** Binds what QEMU serves, with ids that are its own. */
export const bindVolumes = (pod: Pod): Step[] => {
  const binds = placesOf(pod).flatMap(({volume, path, tree}): Step[] => (tree ? [bind(volume, path, tree)] : []));
  return binds.length === 0 ? [] : [{id: 'ids', do: 'id-map', base: userOf(pod), count: IDS}, ...binds];
};

const bind = (volume: Volume, path: string, tree: Tree): Step => ({
  id: `volume.${volume.name}`,
  do: 'bind',
  source: volume.kind === 'host' ? {in: 'host', path: volume.source} : {in: 'pod', path: volume.directory},
  target: {in: 'pod', path: podPath(`${ROOT}${SEEN}${path}`)},
  recursive: volume.kind === 'host' && volume.recursive,
  followSymlinks: volume.kind === 'host' && volume.followSymlinks,
  flags: [...(tree === 'ro' ? (['ro'] as const) : []), 'nosuid', 'nodev', 'noexec'],
});

/** The volumes of an app as mounts of the OCI runtime specification, outer targets before inner ones. */
export const volumeMounts = (pod: Pod, app: App) => {
  const places = placesOf(pod);
  return [...app.mounts].sort(byPath).map(({path, volume, readOnly}) => ({
    destination: path,
    type: 'bind',
    source: placeOf(places, volume).path,
    options: ['bind', 'nodev', ...(readOnly || placeOf(places, volume).volume.readOnly ? ['ro'] : [])],
  }));
};

const byPath = (a: Mount, b: Mount): number => (a.path < b.path ? -1 : 1);

const placeOf = (places: readonly Place[], name: string): Place => {
  const place = places.find(({volume}) => volume.name === name);
  if (place === undefined) throw new Error(`the pod has no volume "${name}"`);
  return place;
};

/** Whether a path of an app is one of its volumes, or in one. */
export const isOfVolume = ({mounts}: App, path: string): boolean =>
  mounts.some((mount) => `${path}/`.startsWith(`${mount.path}/`));

/** Mounts of an app in a volume of the host, where nothing is made for them (appc EX-15): the volume in the guest, and the path in it. */
export const mountsInVolumes = (pod: Pod, app: App): {volume: string; inner: string}[] => {
  const places = placesOf(pod);
  return [...app.mounts].sort(byPath).flatMap((mount, index, all) => {
    const outer = all.slice(0, index).findLast(({path}) => mount.path.startsWith(`${path}/`));
    if (outer === undefined) return [];
    const {path, volume} = placeOf(places, outer.volume);
    return volume.kind === 'host' ? [{volume: path, inner: mount.path.slice(outer.path.length + 1)}] : [];
  });
};

/** What the guest mounts, before any app. */
export const guestMounts = (
  pod: Pod,
): {type: '9p' | 'tmpfs'; path: string; source: string; flags: string; data: string}[] => [
  ...servedTrees(pod).map((tree) => ({
    type: '9p' as const,
    path: `/volumes/${tree}`,
    source: tagOf(tree),
    flags: tree === 'ro' ? 'ro,nodev' : 'nodev',
    data: 'trans=virtio,version=9p2000.L,msize=512000,cache=mmap',
  })),
  ...placesOf(pod).flatMap(({volume, path, tree}) =>
    tree === undefined && volume.kind === 'empty'
      ? [{type: 'tmpfs' as const, path, source: 'volume', flags: 'nodev', data: memoryOptions(volume)}]
      : [],
  ),
];

const memoryOptions = ({mode, uid, gid}: Extract<Volume, {kind: 'empty'}>): string =>
  `mode=${mode.toString(8)},uid=${uid},gid=${gid}`;
