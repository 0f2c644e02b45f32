/*
 * The "Journal Export Format" of systemd: for each entry its fields, then an empty line. A field is `NAME=text`, or if it has bytes that are no printable text,
 * `NAME`, its length in eight bytes, and the bytes; a line feed after either.
 */

const LINE_FEED = 10;
const EQUALS = 61;
const LENGTH_BYTES = 8;

/** The fields of an entry that were wanted. */
export type Fields = ReadonlyMap<string, Buffer>;

/** Takes a journal in pieces. */
export interface ExportParser {
  /** @throws RangeError if that is no journal */
  push(bytes: Uint8Array): void;
}

/**
 * Parses a journal as it comes, with no more memory than one field may take. The bytes of fields are good as long as anybody keeps them.
 * @param wanted names of fields; of the others nothing is kept
 * @param limit bytes of a field; a longer one is left out
 */
export const parseExport = (
  wanted: ReadonlySet<string>,
  limit: number,
  take: (fields: Fields) => void,
): ExportParser => {
  let fields = new Map<string, Buffer>();
  let pending: Buffer = Buffer.alloc(0);
  /** Of a field that is too long: bytes that are left of it, or `line` up to its line feed. */
  let skipping: number | 'line' = 0;

  const keep = (name: string, value: Buffer): void => {
    // A copy: else a few bytes would hold the whole piece that they came in.
    if (wanted.has(name) && value.length <= limit) fields.set(name, Buffer.from(value));
  };
  const skip = (bytes: Buffer): Buffer => {
    if (skipping === 'line') {
      const end = bytes.indexOf(LINE_FEED);
      if (end === -1) return bytes.subarray(bytes.length);
      skipping = 0;
      return bytes.subarray(end + 1);
    }
    const length = Math.min(skipping, bytes.length);
    skipping -= length;
    return bytes.subarray(length);
  };
  /** What is left after one field or the end of an entry; `undefined` if that is not whole yet. */
  const next = (bytes: Buffer): Buffer | undefined => {
    const end = bytes.indexOf(LINE_FEED);
    if (end === -1) {
      if (bytes.length <= limit) return undefined;
      if (!bytes.subarray(0, limit).includes(EQUALS)) throw new RangeError('the name of a field has no end');
      skipping = 'line';
      return bytes.subarray(bytes.length);
    }
    if (end === 0) {
      if (fields.size > 0) take(fields);
      fields = new Map();
      return bytes.subarray(1);
    }
    const equals = bytes.subarray(0, end).indexOf(EQUALS);
    if (equals !== -1) {
      keep(bytes.toString('latin1', 0, equals), bytes.subarray(equals + 1, end));
      return bytes.subarray(end + 1);
    }
    const start = end + 1 + LENGTH_BYTES;
    if (bytes.length < start) return undefined;
    const length = Number(bytes.readBigUInt64LE(end + 1));
    if (length > limit) {
      skipping = length + 1;
      return bytes.subarray(start);
    }
    if (bytes.length < start + length + 1) return undefined;
    if (bytes[start + length] !== LINE_FEED) throw new RangeError('a field is longer than it says');
    keep(bytes.toString('latin1', 0, end), bytes.subarray(start, start + length));
    return bytes.subarray(start + length + 1);
  };

  return {
    push(bytes) {
      let rest: Buffer | undefined = Buffer.concat([pending, bytes]);
      while (rest !== undefined && rest.length > 0) {
        pending = rest;
        rest = skipping === 0 ? next(rest) : skip(rest);
      }
      if (rest !== undefined) pending = rest;
    },
  };
};
