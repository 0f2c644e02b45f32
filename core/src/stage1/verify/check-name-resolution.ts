import {constants, fstatSync} from 'node:fs';
import {readBounded} from '../../config/read-bounded.ts';
import type {RootfsPath} from '../../contract/names.ts';
import {O_PATH, openHost, openInRoot} from '../../linux/openat2.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import type {Evidence, Finding} from './evidence.ts';

/** The pod's resolv.conf and hosts, where it has its own, as the app finds them. */
export const checkNameResolution = ({pod, app, pid}: Evidence): Finding[] => {
  const files = [
    ['/etc/resolv.conf', pod.resolvConf],
    ['/etc/hosts', pod.hosts],
  ] as const;
  return files.flatMap(([path, content]) => {
    // What a volume has there is its own.
    if (content === null || app.mounts.some((mount) => `${path}/`.startsWith(`${mount.path}/`))) return [];
    const actual = read(pid, path as RootfsPath, Buffer.byteLength(content));
    const holds = actual === content;
    return [
      {
        expected: `${path} of the pod`,
        actual: holds ? `${path} of the pod` : actual === undefined ? `${path} is no file` : `another ${path}`,
        holds,
      },
    ];
  });
};

/** `undefined` when there is no file; a longer one is cut. */
const read = (pid: number, path: RootfsPath, length: number): string | undefined => {
  try {
    using root = openHost(`/proc/${pid}/root`, O_PATH | constants.O_DIRECTORY);
    using file = openInRoot(root, path, O_PATH, {noSymlinks: true});
    const stats = fstatSync(file.number);
    if (!stats.isFile()) return undefined;
    return stats.size > length ? '' : readBounded(file.path, length).toString();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw error;
  }
};
