import {lstatSync} from 'node:fs';

/**
 * Why what has this name is not to be replaced by a file: root would take a device from the whole host (`/dev/null`), or what leads to one (`/dev/stdout`).
 * `undefined`: it is a regular file, or there is none.
 */
export const notReplaceable = (path: string): string | undefined => {
  const found = lstatSync(path, {throwIfNoEntry: false});
  if (found === undefined || found.isFile()) return undefined;
  return found.isSymbolicLink() ? 'it is a symbolic link' : 'it is there already, and is not a file';
};
