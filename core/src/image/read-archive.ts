import {fstatSync, readSync} from 'node:fs';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {Fd} from '../linux/fd.ts';
import {naming} from '../linux/naming.ts';
import {pipe} from '../linux/pipe.ts';
import {readChunks} from '../linux/read-chunks.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {type Compression, SNIFF_BYTES, sniff} from './compression.ts';
import {imageCompressionInvalid, imageLimitExceeded} from './errors.ts';
import {DECOMPRESSOR_MEMORY_BYTES, INODE_BYTES, RATIO_LIMITS, type RatioLimits} from './limits.ts';
import {decompressor} from './sandbox.ts';
import {startTool, type Tool} from './tool.ts';

export const PIPE_BYTES = 1024 * 1024;

/** An archive, compressed or not: a regular file, opened for this, or a stream of any origin. */
export type ArchiveSource = Fd | Readable;

type Chunks = AsyncIterable<Buffer> | Iterable<Buffer>;

export interface OpenArchive {
  readonly compression: Compression;
  /** The uncompressed archive. A chunk is only valid until the next is asked for. */
  readonly chunks: Chunks;
  /** Bytes of the source, complete after the last chunk. */
  readonly bytesRead: () => number;
  /**
   * Lets what comes out of the archive be in proportion to what it is made of, after each chunk (S10).
   * @param inodes how many files and directories it makes, which cost more than their names
   * @throws RKT_IMAGE_LIMIT_EXCEEDED
   */
  readonly checkRatio: (inodes: number) => void;
}

/**
 * Lets what comes out of an archive be in proportion to what it is made of (S10).
 * @throws RKT_IMAGE_LIMIT_EXCEEDED
 */
export const checkRatio = (bytes: number, inodes: number, archiveBytes: number, limits = RATIO_LIMITS): void => {
  const made = bytes + inodes * INODE_BYTES;
  if (made > limits.freeBytes && made > archiveBytes * limits.ratio)
    throw imageLimitExceeded('bytes made of one byte', limits.ratio);
};

/** An archive whose bytes are counted as they pass. */
const counted = (
  compression: Compression,
  chunks: Chunks,
  bytesRead: () => number,
  limits: RatioLimits,
): OpenArchive => {
  let bytes = 0;
  const checkSoFar = (inodes: number): void => checkRatio(bytes, inodes, bytesRead(), limits);
  async function* all(): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      checkSoFar(0);
      yield chunk;
    }
  }
  return {compression, chunks: all(), bytesRead, checkRatio: checkSoFar};
};

const check = async (tool: Tool, compression: Compression): Promise<void> => {
  const failure = await tool.ended;
  if (failure === undefined) return;
  throw imageCompressionInvalid(compression, new Error(`${failure.status}: ${failure.output}`));
};

async function* decompressFile(compression: Compression, file: Fd): AsyncGenerator<Buffer> {
  const output = pipe({bytes: PIPE_BYTES});
  using read = output.read;
  using write = output.write;
  const tool = startTool(decompressor(DECOMPRESSOR_MEMORY_BYTES), file.number, write.number);
  try {
    write.close();
    yield* readChunks(read);
    await check(tool, compression);
  } finally {
    tool.kill();
  }
}

// What this process itself has to feed needs its event loop to go on: no blocking reads, and none that block a thread of libuv's few.
async function* decompressStream(compression: Compression, input: Chunks): AsyncGenerator<Buffer> {
  const tool = startTool(decompressor(DECOMPRESSOR_MEMORY_BYTES), 'pipe', 'pipe');
  try {
    if (tool.stdin === null || tool.stdout === null)
      throw new TypeError('a tool without the pipes it was started with');
    let failure: unknown;
    const fed = pipeline(Readable.from(input), tool.stdin).catch((error: unknown) => {
      failure = error;
    });
    yield* tool.stdout;
    await check(tool, compression);
    await fed;
    // It may leave the end of its input unread.
    if (failure !== undefined && !isErrno(failure, 'EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE')) throw failure;
  } finally {
    tool.kill();
  }
}

const readFile = (file: Fd, limits: RatioLimits): OpenArchive => {
  const start = Buffer.alloc(SNIFF_BYTES);
  const length = naming(file.number, () => readSync(file.number, start, 0, SNIFF_BYTES, 0));
  const compression = sniff(start.subarray(0, length));
  const {size} = fstatSync(file.number);
  const bytesRead = () => size;
  const chunks = compression === 'none' ? readChunks(file) : decompressFile(compression, file);
  return counted(compression, chunks, bytesRead, limits);
};

const readStream = async (stream: Readable, limits: RatioLimits): Promise<OpenArchive> => {
  let read = 0;
  const iterator: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  while (start.length < SNIFF_BYTES) {
    const {done, value} = await iterator.next();
    if (done === true) break;
    start = Buffer.concat([start, value]);
  }
  async function* all(): AsyncGenerator<Buffer> {
    read = start.length;
    if (start.length > 0) yield start;
    for (;;) {
      const {done, value} = await iterator.next();
      if (done === true) return;
      read += value.length;
      yield value;
    }
  }
  const compression = sniff(start);
  const bytesRead = () => read;
  const chunks = compression === 'none' ? all() : decompressStream(compression, all());
  return counted(compression, chunks, bytesRead, limits);
};

/**
 * Opens an archive for one pass. The caller closes a file.
 * @throws RKT_IMAGE_COMPRESSION_INVALID, RKT_IMAGE_LIMIT_EXCEEDED (also from `chunks`), RKT_IMAGE_TOOL_MISSING
 */
export const readArchive = async (source: ArchiveSource, limits: RatioLimits = RATIO_LIMITS): Promise<OpenArchive> =>
  source instanceof Fd ? readFile(source, limits) : readStream(source, limits);
