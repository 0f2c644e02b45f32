const LINE_FEED = 10;

/** Lines out of bytes that come in pieces. */
export interface LineCutter {
  push(bytes: Uint8Array): void;
  /** What is left is a line. */
  end(): void;
}

/**
 * Cuts bytes into lines, without their line feeds. A line of more than `limit` bytes comes in parts, cut between characters if it is UTF-8: no line is too long
 * for the memory.
 * @param take gets a line, or a part of one that is not its last
 */
export const cutLines = (limit: number, take: (line: Buffer, partial: boolean) => void): LineCutter => {
  let pending: Buffer = Buffer.alloc(0);
  return {
    push(bytes) {
      let rest = Buffer.concat([pending, bytes]);
      for (;;) {
        const end = rest.indexOf(LINE_FEED);
        if (end !== -1 && end <= limit) {
          take(rest.subarray(0, end), false);
          rest = rest.subarray(end + 1);
        } else if (rest.length > limit) {
          const cut = between(rest, limit);
          take(rest.subarray(0, cut), true);
          rest = rest.subarray(cut);
        } else break;
      }
      pending = rest;
    },
    end() {
      if (pending.length > 0) take(pending, false);
      pending = Buffer.alloc(0);
    },
  };
};

/** The bytes of a UTF-8 character after its first, at most. */
const MAX_CONTINUATION = 3;

const between = (bytes: Buffer, limit: number): number => {
  for (let cut = limit; cut >= limit - MAX_CONTINUATION; cut--) {
    if (((bytes[cut] ?? 0) & 0xc0) !== 0x80) return cut;
  }
  return limit;
};
