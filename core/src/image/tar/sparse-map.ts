import {imageLimitExceeded} from '../errors.ts';
import {parseNumeric} from './numeric.ts';
import type {Piece} from './sparse.ts';

/** Reads the map of a sparse file that stands between its header and its content, block by block. */
export interface MapReader {
  /** Whether another block follows; a text says what is wrong with this one. @throws RKT_IMAGE_LIMIT_EXCEEDED */
  push(block: Buffer): boolean | string;
  readonly pieces: readonly Piece[];
}

/** What GNU's own header says of a sparse file (type `S`): the first pieces, and whether blocks with more follow. */
export interface GnuSparse {
  readonly pieces: readonly Piece[];
  readonly more: boolean;
  readonly realSize: number;
}

const SLOT_BYTES = 24;
const NUMBER_BYTES = 12;
/** Of a header, and of the blocks that follow it (GNU tar, `struct oldgnu_header`, `struct sparse_header`). */
const IN_HEADER = {at: 386, slots: 4, more: 482, realSize: 483} as const;
const IN_BLOCK = {at: 0, slots: 21, more: 504} as const;

/** GNU tar ends at the first slot without a size, libarchive at one without an offset: only where both do it is an end. */
const slots = (block: Buffer, {at, slots: count, more}: typeof IN_HEADER | typeof IN_BLOCK): Piece[] | undefined => {
  const pieces: Piece[] = [];
  let ended = false;
  for (let slot = 0; slot < count; slot++) {
    const field = (part: number) => {
      const start = at + slot * SLOT_BYTES + part * NUMBER_BYTES;
      return block.subarray(start, start + NUMBER_BYTES);
    };
    const [offset, size] = [field(0), field(1)];
    if (offset[0] === 0 && size[0] === 0) ended = true;
    else {
      const piece = {offset: parseNumeric(offset) ?? -1, size: parseNumeric(size) ?? -1};
      if (ended || offset[0] === 0 || size[0] === 0 || piece.offset < 0 || piece.size < 0) return undefined;
      pieces.push(piece);
    }
  }
  return ended && block[more] !== 0 ? undefined : pieces;
};

/** `undefined` if it is malformed. */
export const gnuSparse = (header: Buffer): GnuSparse | undefined => {
  const pieces = slots(header, IN_HEADER);
  const {realSize: at, more} = IN_HEADER;
  const realSize = parseNumeric(header.subarray(at, at + NUMBER_BYTES));
  if (pieces === undefined || realSize === undefined || realSize < 0) return undefined;
  return {pieces, more: header[more] !== 0, realSize};
};

/** @param most pieces */
export const gnuMapReader = (first: readonly Piece[], most: number): MapReader => {
  const pieces = [...first];
  return {
    pieces,
    push(block) {
      const found = slots(block, IN_BLOCK);
      if (found === undefined) return 'the map of a sparse file is malformed';
      pieces.push(...found);
      if (pieces.length > most) throw imageLimitExceeded('pieces of sparse files', most);
      return block[IN_BLOCK.more] !== 0;
    },
  };
};

/** Decimal digits of the largest number that can be counted. */
const MAX_DIGITS = 16;
const NEWLINE = 0x0a;

/** Of GNU's format 1.0: a line of digits for each number, the number of pieces first, up to the end of a block. @param most pieces */
export const paxMapReader = (most: number): MapReader => {
  const pieces: Piece[] = [];
  let count: number | undefined;
  let offset: number | undefined;
  let line = '';
  const take = (number: number): void => {
    if (count === undefined) count = number;
    else if (offset === undefined) offset = number;
    else {
      pieces.push({offset, size: number});
      offset = undefined;
    }
  };
  return {
    pieces,
    push(block) {
      for (const byte of block) {
        if (byte !== NEWLINE) {
          line += String.fromCharCode(byte);
          if (line.length > MAX_DIGITS) return 'the map of a sparse file is malformed';
          continue;
        }
        if (!/^[0-9]+$/.test(line) || !Number.isSafeInteger(Number(line)))
          return 'the map of a sparse file is malformed';
        take(Number(line));
        line = '';
        if ((count ?? 0) > most) throw imageLimitExceeded('pieces of sparse files', most, count);
        if (pieces.length === count) return false;
      }
      return true;
    },
  };
};
