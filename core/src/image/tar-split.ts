import {closeSync, createReadStream, openSync} from 'node:fs';
import {pipeline} from 'node:stream';
import {constants, createZstdDecompress, zstdCompressSync} from 'node:zlib';
import type {Fd} from '../linux/fd.ts';
import {writeAll} from '../linux/write-all.ts';

/*
 * `tar-split.zst`: everything of an archive that is not content of files (headers, padding, end), in order, in zstd frames. Where content belongs
 * follows from the headers, so that the archive can be put together again byte for byte from this and the unpacked tree.
 */

const FRAME_BYTES = 1024 * 1024;
const OPTIONS = {params: {[constants.ZSTD_c_checksumFlag]: 1, [constants.ZSTD_c_compressionLevel]: 1}};

export interface TarSplitWriter extends Disposable {
  write(bytes: Buffer): void;
  /** Writes what is left, and closes the file. */
  finish(): void;
}

/** Writes a new tar-split file. */
export const writeTarSplit = (path: string): TarSplitWriter => {
  const frame = Buffer.allocUnsafe(FRAME_BYTES);
  let used = 0;
  let file = openSync(path, 'wx', 0o600);
  const flush = (): void => {
    const compressed = zstdCompressSync(frame.subarray(0, used), OPTIONS);
    writeAll(file, compressed);
    used = 0;
  };
  const close = (): void => {
    if (file >= 0) closeSync(file);
    file = -1;
  };
  return {
    write(bytes) {
      for (let at = 0; at < bytes.length; ) {
        const length = Math.min(bytes.length - at, FRAME_BYTES - used);
        bytes.copy(frame, used, at, at + length);
        used += length;
        at += length;
        if (used === FRAME_BYTES) flush();
      }
    },
    finish() {
      if (used > 0) flush();
      close();
    },
    [Symbol.dispose]: close,
  };
};

/** What an open tar-split file holds, decompressed. Closes it. */
export const readTarSplit = (file: Fd): AsyncIterable<Buffer> =>
  // Errors come out of the last stream, for whoever reads it.
  pipeline(createReadStream('', {fd: file.release()}), createZstdDecompress({chunkSize: 256 * 1024}), () => undefined);
