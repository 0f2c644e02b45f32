import {constants, fstatSync} from 'node:fs';
import type {Fd} from '../../linux/fd.ts';
import {nextData} from '../../linux/holes.ts';
import {openBeneath} from '../../linux/openat2.ts';
import {CHUNK_BYTES} from '../../linux/read-chunks.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {imageBuildInvalid, readable} from '../errors.ts';
import {isZero, readPiece} from '../read-piece.ts';
import {encodeEntry, paddingOf} from '../tar/encode.ts';
import type {TarEntry} from '../tar/entry.ts';
import {type Piece, piecesOf} from '../tar/sparse.ts';

/** Zeros are left out in units of this, wherever the file system has its holes. */
const UNIT_BYTES = 2 ** 20;
/** As many zeros as are worth a form that not every reader of archives knows. */
const WORTH_BYTES = 16 * UNIT_BYTES;

/**
 * Whether a file's content is read by us: bsdtar cannot be relied on for holes, nor, where it sees more than the tree, for a symlink that comes into the path of a file meanwhile (S05).
 * @param isApart it sees the tree alone
 */
export const isReadHere = ({type, size, pieces}: TarEntry, {isApart}: {readonly isApart: boolean}): boolean =>
  type === 'file' && (!isApart || pieces !== undefined || size >= WORTH_BYTES);

/**
 * All that an archive has of a file of a tree.
 * @param entry what the archive says of it, but for its holes
 * @throws RKT_IMAGE_BUILD_INVALID
 */
export function* readEntry(tree: Fd, entry: TarEntry): Generator<Buffer> {
  const name = Buffer.from(entry.path.replace(/^rootfs\//, './'), 'latin1');
  const changed = (cause?: unknown) =>
    imageBuildInvalid(`${readable(entry.path)} has been changed while it was read`, cause);
  using file = openListed(tree, name, changed);
  const stats = fstatSync(file.number);
  if (!stats.isFile() || stats.size !== entry.size) throw changed();
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, entry.size));
  const pieces = entry.size < WORTH_BYTES ? undefined : piecesOfFile(file, entry.size, buffer);
  const {pieces: _asTheFileSystemHasThem, ...rest} = entry;
  const written = pieces === undefined ? rest : {...rest, pieces};
  yield encodeEntry(written);
  for (const piece of piecesOf(written)) {
    // The buffer is used again before this is written.
    for (const part of readPiece(file, piece, buffer, changed)) yield Buffer.from(part);
  }
  yield paddingOf(written);
}

const openListed = (tree: Fd, name: Buffer, changed: (cause: unknown) => Error): Fd => {
  const {O_RDONLY, O_NOFOLLOW, O_NONBLOCK} = constants;
  try {
    return openBeneath(tree, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, {noSymlinks: true});
  } catch (error) {
    throw isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP') ? changed(error) : error;
  }
};

/** What is not zeros, unit by unit, if leaving out the rest is worth it. */
const piecesOfFile = (file: Fd, size: number, buffer: Buffer): readonly Piece[] | undefined => {
  const pieces: {offset: number; size: number}[] = [];
  let stored = 0;
  for (let data = nextData(file.number, 0); data !== undefined && data < size; ) {
    const offset = data - (data % UNIT_BYTES);
    const end = Math.min(offset + UNIT_BYTES, size);
    if (!isZero(file, {offset, size: end - offset}, buffer)) {
      stored += end - offset;
      const last = pieces.at(-1);
      if (last !== undefined && last.offset + last.size === offset) last.size += end - offset;
      else pieces.push({offset, size: end - offset});
    }
    data = end < size ? nextData(file.number, end) : undefined;
  }
  return size - stored < WORTH_BYTES ? undefined : pieces;
};
