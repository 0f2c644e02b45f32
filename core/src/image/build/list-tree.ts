import {constants, lstatSync} from 'node:fs';
import {fileLeased} from '../../linux/errors.ts';
import type {Fd} from '../../linux/fd.ts';
import {nextEntries} from '../../linux/list-directory.ts';
import {openBeneath} from '../../linux/openat2.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {imageEntryRefused, imageLimitExceeded} from '../errors.ts';
import {TAR_LIMITS} from '../limits.ts';

const SLASH = Buffer.from('/');
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;

/**
 * Every path below a directory, as `./a/b`, parents before children, in the order of their bytes: the same on every host. Sockets, which no archive can hold, are left
 * out. Whoever has filled the directory may have meant harm: it ends where no image may go on.
 * @throws RKT_IMAGE_ENTRY_REFUSED, RKT_IMAGE_LIMIT_EXCEEDED, RKT_FILE_LEASED
 */
export const listTree = (root: Fd): Buffer[] => {
  const found: Buffer[] = [Buffer.from('.')];
  let names = 0;
  let bytes = 0;
  let apparent = 0;

  const check = (path: Buffer, depth: number): void => {
    // As the archive is going to call it.
    const name = `rootfs${path.toString('latin1', 1)}`;
    if (depth > TAR_LIMITS.depth) throw imageLimitExceeded('depth of directories', TAR_LIMITS.depth, depth, name);
    if (name.length > TAR_LIMITS.pathBytes)
      throw imageEntryRefused(name, `its name is longer than ${TAR_LIMITS.pathBytes} bytes`);
    bytes += name.length;
    if (++names > TAR_LIMITS.inodes) throw imageLimitExceeded('files and directories', TAR_LIMITS.inodes);
    if (bytes > TAR_LIMITS.rememberedBytes)
      throw imageLimitExceeded('bytes of all names and attributes', TAR_LIMITS.rememberedBytes);
  };

  // Whoever packs it would wait for each file of it.
  const assertUnleased = (path: Buffer): void => {
    try {
      openBeneath(root, path, constants.O_RDONLY | constants.O_NONBLOCK, {noSymlinks: true}).close();
    } catch (error) {
      if (isErrno(error, 'EAGAIN')) throw fileLeased(path.toString('utf8', 2), error);
    }
  };

  const checkSize = (path: Buffer, size: number): void => {
    apparent += size;
    if (apparent > TAR_LIMITS.apparentBytes)
      throw imageLimitExceeded(
        'bytes of all files',
        TAR_LIMITS.apparentBytes,
        undefined,
        `rootfs${path.toString('latin1', 1)}`,
      );
  };

  const entriesOf = (directory: Buffer, depth: number) => {
    const entries: {path: Buffer; isDirectory: boolean}[] = [];
    using open = openBeneath(root, directory, DIRECTORY, {noSymlinks: true});
    for (let some = nextEntries(open); some !== undefined; some = nextEntries(open)) {
      for (const {name, type} of some) {
        const path = Buffer.concat([directory, SLASH, name]);
        check(path, depth);
        const known = type === 'directory' || type === 'symlink';
        const stats = known
          ? undefined
          : lstatSync(Buffer.concat([Buffer.from(`/proc/self/fd/${root.number}/`), path]));
        if (stats?.isSocket()) continue;
        if (stats?.isFile()) {
          assertUnleased(path);
          checkSize(path, stats.size / stats.nlink);
        }
        entries.push({path, isDirectory: stats?.isDirectory() ?? type === 'directory'});
      }
    }
    return entries.sort((one, other) => Buffer.compare(one.path, other.path));
  };

  const walk = (directory: Buffer, depth: number): void => {
    for (const {path, isDirectory} of entriesOf(directory, depth)) {
      found.push(path);
      if (isDirectory) walk(path, depth + 1);
    }
  };
  walk(Buffer.from('.'), 1);
  return found;
};
