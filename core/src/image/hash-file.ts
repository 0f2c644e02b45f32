import {createHash} from 'node:crypto';
import {constants} from 'node:fs';
import {openHost} from '../linux/openat2.ts';
import {readChunks} from './read-archive.ts';

/** sha512 of a file of the store, in hexadecimal digits. */
export const hashFile = (path: string): string => {
  using file = openHost(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  const hash = createHash('sha512');
  for (const chunk of readChunks(file)) hash.update(chunk);
  return hash.digest('hex');
};
