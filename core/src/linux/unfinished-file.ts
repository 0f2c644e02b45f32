import {closeSync, constants, fchmodSync, fsyncSync, openSync, renameSync, rmSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {syscall} from './libc.ts';
import {naming} from './naming.ts';
import {renameNoReplace} from './rename.ts';
import {isErrno} from './syscall-error.ts';

/** asm/fcntl.h: a file without a name, in a directory. Node's constants lack it; __O_TMPFILE and O_DIRECTORY. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
const AT_FDCWD = -100;
const AT_SYMLINK_FOLLOW = 0x400;

/** A file that is being written. Disposing of it before it has appeared takes it away. */
export interface UnfinishedFile extends Disposable {
  /** Open for writing. */
  readonly number: number;
  /**
   * Gives the file its mode and its name, at once. Its content is on disk then.
   * @throws EEXIST if something has the name, unless that may be replaced
   */
  readonly appear: (mode: number, options?: {readonly overwrite?: boolean}) => void;
}

/**
 * Starts a file that is there whole or not at all. Until it appears it has no name, so that whoever is killed leaves nothing. But it has a hidden one beside `path` where the file system knows no files
 * without (most of the network), and for the moment in which it takes another's place.
 */
export const startFile = (path: string): UnfinishedFile => {
  const directory = dirname(path);
  // Not random, which would cost the start of `run` the loading of node:crypto; an equal name is an error, not a risk.
  const aside = join(directory, `.rkt-${process.pid}-${process.hrtime.bigint().toString(36)}`);
  const unnamed = openUnnamed(directory);
  const number = unnamed ?? openSync(aside, 'wx', 0o600);
  let name = unnamed === undefined ? aside : undefined;
  const link = (to: string): void =>
    void syscall('linkat', [AT_FDCWD, `/proc/self/fd/${number}`, AT_FDCWD, to, AT_SYMLINK_FOLLOW], to);
  return {
    number,
    appear(mode, {overwrite = false} = {}) {
      fchmodSync(number, mode);
      naming(path, () => fsyncSync(number));
      if (name === undefined && !overwrite) link(path);
      else {
        if (name === undefined) {
          link(aside);
          name = aside;
        }
        if (overwrite) renameSync(name, path);
        else renameNoReplace(name, path);
        name = undefined;
      }
    },
    [Symbol.dispose]() {
      closeSync(number);
      if (name !== undefined) rmSync(name, {force: true});
    },
  };
};

const openUnnamed = (directory: string): number | undefined => {
  try {
    return openSync(directory, constants.O_WRONLY | O_TMPFILE, 0o600);
  } catch (error) {
    // Node calls EOPNOTSUPP by its other name.
    if (isErrno(error, 'EOPNOTSUPP', 'ENOTSUP', 'EISDIR', 'EINVAL')) return undefined;
    throw error;
  }
};
