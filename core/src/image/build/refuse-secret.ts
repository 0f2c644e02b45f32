import {statSync} from 'node:fs';
import {dirname} from 'node:path';
import {imageBuildInvalid} from '../errors.ts';

/**
 * Refuses a file that not everybody may read, where a stranger has named it: by a symlink, or as what a program needs. Asked of what has been copied, so that nothing can come in its place.
 * @param by who names it
 * @param real what was copied, without symlinks
 * @throws RKT_IMAGE_BUILD_INVALID
 */
export const refuseSecret = (by: string, real: string): void => {
  if (isForAll(real)) return;
  throw imageBuildInvalid(
    `${by}, which others can change, brings ${real}, which not everybody may read: take it away, or give ${real} itself`,
  );
};

const isForAll = (real: string): boolean => {
  if ((statSync(real).mode & 0o004) === 0) return false;
  for (let at = dirname(real); ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === '/') return true;
  }
};
