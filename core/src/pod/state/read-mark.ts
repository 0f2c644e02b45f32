import {constants, fstatSync, readSync} from 'node:fs';
import type {HostPath} from '../../contract/names.ts';
import {readSymlink} from '../../linux/directory-entry.ts';
import {O_PATH, openBeneath, openHost} from '../../linux/openat2.ts';
import {isErrno} from '../../linux/syscall-error.ts';

/** What a supervisor writes for rkt is a word or two. */
const MAX_BYTES = 64;
const {O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK} = constants;

/**
 * What the pod's supervisor wrote into a file below the pod's directory, without the space around it. The pod's own root can write there, so links are not
 * followed, and what is no short file counts as absent: `undefined`.
 */
export const readMark = (pod: HostPath, path: string): string | undefined => {
  try {
    using directory = openHost(pod, O_PATH | O_DIRECTORY);
    using file = openBeneath(directory, path, O_RDONLY | O_NONBLOCK, {noSymlinks: true});
    if (!fstatSync(file.number).isFile()) return undefined;
    const buffer = Buffer.alloc(MAX_BYTES + 1);
    const length = readSync(file.number, buffer, 0, buffer.length, 0);
    return length > MAX_BYTES ? undefined : buffer.toString('latin1', 0, length).trim();
  } catch (error) {
    if (isErrno(error, 'ELOOP')) return readLink(pod, path);
    // EAGAIN (a lease), EXDEV, ENXIO, EACCES: not what a supervisor of ours makes there.
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EXDEV', 'ENXIO', 'EACCES', 'EAGAIN')) return undefined;
    throw error;
  }
};

// Only the text of the link matters, and only to rkt: nothing is opened by it, nor by one that leads there.
const readLink = (pod: HostPath, path: string): string | undefined => {
  try {
    using directory = openHost(pod, O_PATH | O_DIRECTORY);
    using link = openBeneath(directory, path, O_PATH | O_NOFOLLOW, {noSymlinks: true});
    return readSymlink(link);
  } catch (error) {
    if (isErrno(error, 'EINVAL', 'ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV', 'EACCES')) return undefined;
    throw error;
  }
};
