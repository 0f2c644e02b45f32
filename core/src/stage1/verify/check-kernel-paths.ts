import {constants, fstatSync} from 'node:fs';
import type {RootfsPath} from '../../contract/names.ts';
import {isDevice} from '../../linux/device.ts';
import type {Fd} from '../../linux/fd.ts';
import {nextEntries} from '../../linux/list-directory.ts';
import {O_PATH, openHost, openInRoot} from '../../linux/openat2.ts';
import {isOn, isReadOnly} from '../../linux/statfs.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import type {Evidence, Finding} from './evidence.ts';

/** Every masked path that exists shows nothing but the app's volumes, and nothing but those can be written at or below any protected one. What exists depends on the kernel. */
export const checkKernelPaths = ({pod, app, pid, mounts}: Evidence): Finding[] => {
  using root = openHost(`/proc/${pid}/root`, O_PATH | constants.O_DIRECTORY);
  const volumes = app.mounts.map(({path}) => path);
  const isOfVolume = (path: string) => volumes.some((volume) => `${path}/`.startsWith(`${volume}/`));
  const look = (paths: readonly RootfsPath[], isCovered: (file: Fd, path: RootfsPath) => boolean) => {
    const present = paths
      .filter((path) => !isOfVolume(path))
      .flatMap((path) => {
        const found = isPathCovered(root, path, (file) => isCovered(file, path));
        return found === undefined ? [] : [{path, isCovered: found}];
      });
    return {covered: present.length, open: present.filter((one) => !one.isCovered).map(({path}) => path)};
  };
  const below = (path: string) =>
    mounts.map(({mountPoint}) => mountPoint).filter((place) => place.startsWith(`${path}/`));
  const protectedPlaces = pod.readOnlyPaths.flatMap((path) => [path, ...new Set(below(path))]) as RootfsPath[];
  const masked = look(pod.maskedPaths, (file, path) => isEmpty(file, namesBelow(path, volumes)));
  const readOnly = look(protectedPlaces, isReadOnly);
  return [
    {
      expected: 'masked kernel paths',
      actual: masked.open.length > 0 ? `visible: ${masked.open.join(' ')}` : `${masked.covered} masked`,
      holds: masked.open.length === 0 && masked.covered > 0,
    },
    {
      expected: 'read-only kernel paths',
      actual: readOnly.open.length > 0 ? `writable: ${readOnly.open.join(' ')}` : `${readOnly.covered} read-only`,
      holds: readOnly.open.length === 0 && readOnly.covered > 0,
    },
  ];
};

/** `undefined` when the app has no such path. */
const isPathCovered = (root: Fd, path: RootfsPath, isCovered: (file: Fd) => boolean): boolean | undefined => {
  try {
    using file = openInRoot(root, path, O_PATH, {noSymlinks: true});
    return isCovered(file);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    // A symlink leads to something that has another name, too.
    if (isErrno(error, 'ELOOP')) return false;
    throw error;
  }
};

/** What a directory has to have so that these volumes have their places in it. */
const namesBelow = (directory: string, volumes: readonly string[]): ReadonlySet<string> =>
  new Set(
    volumes
      .filter((path) => path.startsWith(`${directory}/`))
      .map((path) => path.slice(directory.length + 1).split('/', 1)[0] ?? ''),
  );

/** The null device, or systemd's empty file that nobody may open; an empty directory that cannot be changed. */
const isEmpty = (file: Fd, but: ReadonlySet<string>): boolean => {
  const stats = fstatSync(file.number);
  if (isDevice(file, {type: 'char', major: 1, minor: 3})) return true;
  if (!isOn(file, 'tmpfs') || !isReadOnly(file)) return false;
  if (!stats.isDirectory()) return stats.size === 0;
  using directory = openHost(file.path, constants.O_RDONLY | constants.O_DIRECTORY);
  return nextEntries(directory)?.every(({name}) => but.has(name.toString())) === true;
};
