import {syscall} from './libc.ts';
import {isErrno} from './syscall-error.ts';

/** linux/falloc.h */
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
/** linux/fs.h */
const SEEK_DATA = 3;

/**
 * Where the first byte at or after `offset` is that takes room on the disk, down to a block; what is before it reads as zeros. `undefined`: there is none.
 * A file system that knows no holes has data everywhere.
 */
export const nextData = (file: number, offset: number): number | undefined => {
  try {
    return syscall('lseek', [file, offset, SEEK_DATA], `fd ${file}`);
  } catch (error) {
    if (isErrno(error, 'ENXIO')) return undefined;
    if (isErrno(error, 'EINVAL')) return offset;
    throw error;
  }
};

/** In one call nothing can end the kernel's work, and a disk takes up to some milliseconds for each block. */
const PIECE = 1_048_576;

/**
 * Gives the first `length` bytes of a file back to the disk; they read as zeros then, and nothing else moves. Whoever writes at the file's end is not
 * disturbed. EOPNOTSUPP where the file system cannot.
 * @param isEnough asked after each MiB that was there: the rest stays then
 */
export const punchHole = (file: number, length: number, isEnough: () => boolean): void => {
  for (let at = nextData(file, 0) ?? length; at < length; ) {
    const start = Math.floor(at / PIECE) * PIECE;
    const end = Math.min(start + PIECE, length);
    syscall('fallocate', [file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start, end - start], `fd ${file}`);
    if (isEnough()) return;
    at = nextData(file, end) ?? length;
  }
};
