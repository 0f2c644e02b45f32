import {errnoText} from '../../linux/errno-text.ts';
import {openGiven} from '../../linux/open-given.ts';
import {readChunks} from '../../linux/read-chunks.ts';
import {fileUnusable} from '../errors.ts';

/** Largest file that a flag may name. */
const MAX_BYTES = 1 << 20;

/** Reads a text file, pipe or the like that the operator named. @throws RKT_FLAG_FILE_UNUSABLE */
export const readOperatorFile = (flag: string, path: string): string => {
  const bytes = readAll(flag, path);
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
  } catch (cause) {
    throw fileUnusable(flag, path, 'not UTF-8', cause);
  }
};

const readAll = (flag: string, path: string): Buffer => {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    using file = openGiven(path);
    for (const chunk of readChunks(file)) {
      length += chunk.length;
      if (length > MAX_BYTES) break;
      chunks.push(Buffer.from(chunk));
    }
  } catch (cause) {
    throw fileUnusable(flag, path, errnoText(cause) ?? 'cannot be read', cause);
  }
  if (length > MAX_BYTES) throw fileUnusable(flag, path, `larger than ${MAX_BYTES} bytes`);
  return Buffer.concat(chunks);
};
