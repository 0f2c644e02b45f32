import {readSync} from 'node:fs';
import type {Fd} from '../linux/fd.ts';
import {nextData} from '../linux/holes.ts';
import {naming} from '../linux/naming.ts';
import type {Piece} from './tar/sparse.ts';

/** A piece of an open file, in parts that are valid until the next. @param short the error if there is less of it */
export function* readPiece(
  file: Fd,
  {offset, size}: Piece,
  buffer: Buffer,
  short: () => Error = () => new Error('a file ends early'),
): Generator<Buffer> {
  for (let at = 0; at < size; ) {
    const length = readAt(file, buffer, Math.min(size - at, buffer.length), offset + at);
    if (length === 0) throw short();
    yield buffer.subarray(0, length);
    at += length;
  }
}

const ZEROS = Buffer.alloc(64 * 1024);

/** Whether a piece of an open file is nothing but zeros. Holes are not read. */
export const isZero = (file: Fd, {offset, size}: Piece, buffer: Buffer): boolean => {
  const end = offset + size;
  for (let at = offset; at < end; ) {
    const data = nextData(file.number, at) ?? end;
    if (data >= end) return true;
    const length = readAt(file, buffer, Math.min(end - data, buffer.length, ZEROS.length), data);
    if (length === 0) return true;
    if (!buffer.subarray(0, length).equals(ZEROS.subarray(0, length))) return false;
    at = data + length;
  }
  return true;
};

const readAt = (file: Fd, buffer: Buffer, length: number, offset: number): number =>
  naming(file.number, () => readSync(file.number, buffer, 0, length, offset));
