import type {Mount} from '../../contract/pod.ts';

/** Whether a path is inside of a directory, by their text. */
export const isBelow = (path: string, directory: string): boolean => path.startsWith(`${directory}/`);

/** The mount of an app that has a path: the deepest one at it or above it; with `itself: false` only those above. */
export const innermost = (
  mounts: readonly Mount[],
  path: string,
  {itself = true}: {readonly itself?: boolean} = {},
): Mount | undefined =>
  mounts
    .filter((mount) => isBelow(path, mount.path) || (itself && mount.path === path))
    .reduce<Mount | undefined>(
      (deepest, mount) => (deepest === undefined || mount.path.length > deepest.path.length ? mount : deepest),
      undefined,
    );
