import {readSync} from 'node:fs';

const PIECE = 65_536;
const LINE_FEED = 10;
/** An app can make its log look as long as it likes. */
const MAX_LOOK = 268_435_456;

/**
 * Where the last `lines` lines of a file begin, looked for from its end, in pieces, and not further than 256 MiB. What follows the last line feed is a
 * line, too.
 * @param size bytes from the beginning that count
 */
export const tailOffset = (file: number, size: number, lines: number): number => {
  if (lines === 0) return size;
  const buffer = Buffer.allocUnsafe(PIECE);
  // The line feed that ends the last line begins none.
  let [end, missing] = [size - 1, lines];
  const first = Math.max(0, size - MAX_LOOK);
  while (end > first) {
    const start = Math.max(first, end - PIECE);
    const piece = buffer.subarray(0, readSync(file, buffer, 0, end - start, start));
    for (let at = piece.lastIndexOf(LINE_FEED); at !== -1; at = at === 0 ? -1 : piece.lastIndexOf(LINE_FEED, at - 1)) {
      missing--;
      if (missing === 0) return start + at + 1;
    }
    end = start;
  }
  return first;
};
