import {
  ABSOLUTE_PATH,
  type HostPath,
  MAX_ABSOLUTE_PATH,
  MAX_POD_PATH,
  POD_PATH,
  type PodPath,
  type RootfsPath,
} from '@rkt/core/contract';

const checked = (kind: string, path: string, pattern: RegExp, length: number): string => {
  if (!pattern.test(path) || path.length > length) throw new TypeError(`${JSON.stringify(path)} is no path ${kind}`);
  return path;
};

/** An absolute path on the host, that the flavor or the operator chose, never an image. @throws TypeError */
export const hostPath = (path: string): HostPath =>
  checked('of the host', path, ABSOLUTE_PATH, MAX_ABSOLUTE_PATH) as HostPath;

/** An absolute path inside the rootfs of an app. @throws TypeError */
export const rootfsPath = (path: string): RootfsPath =>
  checked('of a rootfs', path, ABSOLUTE_PATH, MAX_ABSOLUTE_PATH) as RootfsPath;

/** A path below the directory of the pod. @throws TypeError */
export const podPath = (path: string): PodPath => checked('below the pod', path, POD_PATH, MAX_POD_PATH) as PodPath;
