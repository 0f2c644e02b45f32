import {writeFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {fsyncDirectory} from './fsync.ts';
import {isErrno} from './syscall-error.ts';
import {startFile} from './unfinished-file.ts';

/** Makes a small file, which everybody may read, that is there whole or not at all (unfinished-file.ts), durably. `false`: something has its name. */
export const createWhole = (path: string, data: string): boolean => {
  using file = startFile(path);
  writeFileSync(file.number, data);
  try {
    file.appear(0o644);
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
  fsyncDirectory(dirname(path));
  return true;
};
