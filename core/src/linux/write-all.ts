import {writeSync} from 'node:fs';

/** Writes all of it where the file is: the kernel may take less at once. */
export const writeAll = (file: number, bytes: Uint8Array): void => {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
};
