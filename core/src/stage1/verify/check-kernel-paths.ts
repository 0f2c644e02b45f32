import {constants, fstatSync} from 'node:fs';
import type {RootfsPath} from '../../contract/names.ts';
import {isDevice} from '../../linux/device.ts';
import type {Fd} from '../../linux/fd.ts';
import {nextEntries} from '../../linux/list-directory.ts';
import {O_PATH, openHost, openInRoot} from '../../linux/openat2.ts';
import {isOn, isReadOnly} from '../../linux/statfs.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import type {Evidence, Finding} from './evidence.ts';

/** Every masked path that exists shows nothing, and nothing can be written at or below any protected one. What exists depends on the kernel. */
export const checkKernelPaths = ({pod, pid, mounts}: Evidence): Finding[] => {
  using root = openHost(`/proc/${pid}/root`, O_PATH | constants.O_DIRECTORY);
  const look = (paths: readonly RootfsPath[], isCovered: (file: Fd) => boolean) => {
    const present = paths.flatMap((path) => {
      const found = isPathCovered(root, path, isCovered);
      return found === undefined ? [] : [{path, isCovered: found}];
    });
    return {covered: present.length, open: present.filter((one) => !one.isCovered).map(({path}) => path)};
  };
  const below = (path: string) =>
    mounts.map(({mountPoint}) => mountPoint).filter((place) => place.startsWith(`${path}/`));
  const protectedPlaces = pod.readOnlyPaths.flatMap((path) => [path, ...new Set(below(path))]) as RootfsPath[];
  const masked = look(pod.maskedPaths, isEmpty);
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

/** The null device, or systemd's empty file that nobody may open; an empty directory that cannot be changed. */
const isEmpty = (file: Fd): boolean => {
  const stats = fstatSync(file.number);
  if (isDevice(file, {type: 'char', major: 1, minor: 3})) return true;
  if (!isOn(file, 'tmpfs') || !isReadOnly(file)) return false;
  if (!stats.isDirectory()) return stats.size === 0;
  using directory = openHost(file.path, constants.O_RDONLY | constants.O_DIRECTORY);
  return nextEntries(directory)?.length === 0;
};
