import {mkdirSync, readFileSync} from 'node:fs';
import type {HostPath, ImageId} from '../contract/names.ts';
import {imageId} from '../contract/names.ts';
import {atomicWrite} from '../linux/atomic-write.ts';
import {namesIn} from '../linux/names-in.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {makeStore, openStore} from './store.ts';

/*
 * Which image of the store a flavor runs pods with that cannot run them with the host's own programs. Only `rkt flavor build` says so: an image that has been fetched is never taken for one
 * by its name or annotations (S31).
 */

const directoryOf = (dataDir: HostPath): string => `${dataDir}/cas/stage1`;

/** The image that has been built for a flavor. `undefined` if there is none. */
export const builtImage = (dataDir: HostPath, flavor: string): ImageId | undefined => {
  try {
    const text = readFileSync(`${directoryOf(dataDir)}/${flavor}`, 'utf8').trim();
    return imageId.safeParse(text).data;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
};

/** All of them: they are in use. */
export const builtImages = (dataDir: HostPath): ImageId[] =>
  namesIn(directoryOf(dataDir)).flatMap((flavor) => builtImage(dataDir, flavor) ?? []);

/** From now on pods of the flavor are run with this image; those that have been prepared keep theirs. */
export const rememberBuilt = (dataDir: HostPath, flavor: string, id: ImageId): void => {
  makeStore(openStore(dataDir));
  mkdirSync(directoryOf(dataDir), {recursive: true, mode: 0o755});
  atomicWrite(`${directoryOf(dataDir)}/${flavor}`, `${id}\n`);
};
