import {readBounded, Unbounded} from '../../config/read-bounded.ts';
import {errnoText} from '../../linux/errno-text.ts';
import {fileUnusable} from '../errors.ts';

/** Largest file that a flag may name. */
const MAX_BYTES = 1 << 20;

/** Reads a text file, pipe or the like that the operator named. @throws RKT_FLAG_FILE_UNUSABLE */
export const readOperatorFile = (flag: string, path: string): string => {
  let bytes: Buffer;
  try {
    bytes = readBounded(path, MAX_BYTES, {regularOnly: false});
  } catch (cause) {
    if (cause instanceof Unbounded) throw fileUnusable(flag, path, `larger than ${MAX_BYTES} bytes`, cause);
    throw fileUnusable(flag, path, errnoText(cause) ?? 'cannot be read', cause);
  }
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
  } catch (cause) {
    throw fileUnusable(flag, path, 'not UTF-8', cause);
  }
};
