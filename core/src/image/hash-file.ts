import {createHash} from 'node:crypto';
import type {Fd} from '../linux/fd.ts';
import {readChunks} from '../linux/read-chunks.ts';

/** sha512 of an open file, in hexadecimal digits. */
export const hashFile = (file: Fd): string => {
  const hash = createHash('sha512');
  for (const chunk of readChunks(file)) hash.update(chunk);
  return hash.digest('hex');
};
