import {parseNumeric} from './numeric.ts';
import {type GnuSparse, gnuSparse} from './sparse-map.ts';

export const BLOCK = 512;

/** A header block as it stands, before extensions. Text is latin1, one character per byte. */
export interface Header extends Fields {
  readonly dialect: 'posix' | 'gnu' | 'v7';
  /** Of GNU's type `S`. */
  readonly sparse?: GnuSparse;
}

interface Fields {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** As the time, infinite when it is more than can be counted, which no limit lets pass. */
  readonly size: number;
  /** bsdtar writes large ones wrong, and right in an extended header. */
  readonly mtime: number;
  /** One character; the old NUL of v7 archives is `0`. */
  readonly type: string;
  readonly linkName: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

const MAY_BE_LARGE = new Set(['mtime', 'size']);

type Parsed = {[K in keyof Fields]: Fields[K] extends number ? number | undefined : string};

const text = (block: Buffer, offset: number, length: number): string => {
  const end = block.indexOf(0, offset);
  return block.toString('latin1', offset, end === -1 || end > offset + length ? offset + length : end);
};

/** Sum of all bytes, those of the checksum field counted as blanks. */
export const checksum = (block: Buffer): number => {
  let sum = 8 * 0x20;
  for (let at = 0; at < 148; at++) sum += block[at] ?? 0;
  for (let at = 156; at < BLOCK; at++) sum += block[at] ?? 0;
  return sum;
};

const number = (block: Buffer, offset: number, length: number) => parseNumeric(block.subarray(offset, offset + length));

const dialectOf = (block: Buffer): Header['dialect'] | undefined => {
  switch (block.toString('latin1', 257, 265)) {
    case 'ustar\x0000':
      return 'posix';
    case 'ustar  \x00':
      return 'gnu';
    case '\0\0\0\0\0\0\0\0':
      return 'v7';
    default:
      return undefined;
  }
};

/** Parses one block of 512 bytes; a string says what is wrong with it. Negative numbers are left to the caller. */
export const parseHeader = (block: Buffer): Header | string => {
  if (number(block, 148, 8) !== checksum(block)) return 'a header has a wrong checksum';
  const dialect = dialectOf(block);
  if (dialect === undefined) return 'a header is of an unknown tar dialect';
  const name = text(block, 0, 100);
  // GNU keeps times where POSIX has the prefix.
  const prefix = dialect === 'posix' ? text(block, 345, 155) : '';
  const device = dialect !== 'v7';
  const header: Parsed = {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: number(block, 100, 8),
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    size: number(block, 124, 12),
    mtime: number(block, 136, 12),
    type: block[156] === 0 ? '0' : block.toString('latin1', 156, 157),
    linkName: text(block, 157, 100),
    deviceMajor: device ? number(block, 329, 8) : 0,
    deviceMinor: device ? number(block, 337, 8) : 0,
  };
  for (const [field, value] of Object.entries(header))
    if (value === undefined || !(Number.isFinite(value) || typeof value === 'string' || MAY_BE_LARGE.has(field)))
      return `a header has a malformed ${field}`;
  // Every number is one, as was just seen.
  const fields = {...(header as Fields), dialect};
  if (fields.type !== 'S' || dialect !== 'gnu') return fields;
  const sparse = gnuSparse(block);
  return sparse === undefined ? 'the map of a sparse file is malformed' : {...fields, sparse};
};
