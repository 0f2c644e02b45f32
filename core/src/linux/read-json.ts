import {readFileSync} from 'node:fs';
import {naming} from './naming.ts';
import {isErrno} from './syscall-error.ts';

/** What a file of rkt's own says, as it was written; `undefined` if there is none, or a crash of the machine has left a part of it. */
export const readJsonIfWhole = <T>(file: string): T | undefined => {
  try {
    return JSON.parse(naming(file, () => readFileSync(file, 'utf8'))) as T;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR') || error instanceof SyntaxError) return undefined;
    throw error;
  }
};
