import {closeSync, constants, fstatSync, openSync, readSync} from 'node:fs';

/** A file that is not regular, or too large. */
export class Unbounded extends Error {
  override readonly name = 'Unbounded';
  readonly reason: 'not-regular' | 'too-large';

  constructor(reason: 'not-regular' | 'too-large') {
    super(reason === 'too-large' ? 'too large' : 'not a regular file');
    this.reason = reason;
  }
}

/**
 * Reads a file of at most `limit` bytes; one that grows while it is read does not matter. FIFOs and devices are refused without waiting for them.
 * @throws Unbounded, or the system's error
 */
export const readBounded = (path: string, limit: number, {followLinks = true} = {}): Buffer => {
  const {O_RDONLY, O_NONBLOCK, O_NOCTTY, O_NOFOLLOW} = constants;
  const flags = O_RDONLY | O_NOCTTY | O_NONBLOCK | (followLinks ? 0 : O_NOFOLLOW);
  const descriptor = openSync(path, flags);
  try {
    if (!fstatSync(descriptor).isFile()) throw new Unbounded('not-regular');
    const buffer = Buffer.alloc(limit + 1);
    let length = 0;
    for (;;) {
      const read = readSync(descriptor, buffer, length, buffer.length - length, null);
      length += read;
      if (length > limit) throw new Unbounded('too-large');
      if (read === 0) return buffer.subarray(0, length);
    }
  } finally {
    closeSync(descriptor);
  }
};
