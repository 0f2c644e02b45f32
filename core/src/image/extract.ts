import {constants, writeSync} from 'node:fs';
import type {HostPath} from '../contract/names.ts';
import {O_PATH, openHost} from '../linux/openat2.ts';
import {pipe} from '../linux/pipe.ts';
import {CHUNK_BYTES} from '../linux/read-chunks.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {imageExtractionFailed} from './errors.ts';
import {extractionError} from './extraction-error.ts';
import {PIPE_BYTES} from './read-archive.ts';
import {bsdtarExtract} from './sandbox.ts';
import {END, encodeEntry, paddingOf, START} from './tar/encode.ts';
import type {TarEntry} from './tar/entry.ts';
import {startTool, type Tool} from './tool.ts';

/** Entries that are being unpacked into a directory. */
export interface Extraction extends Disposable {
  /** The next entry, which has been judged (tar/scan.ts). */
  entry(entry: TarEntry): void;
  /** The next bytes of its content. */
  content(bytes: Buffer): void;
  /**
   * Nothing follows; resolves when all is in place, as far as bsdtar says so (check-tree.ts).
   * @throws RKT_IMAGE_EXTRACTION_FAILED, ENOSPC, EDQUOT
   */
  finish(): Promise<void>;
}

/**
 * Starts to unpack into a directory, which nothing can leave. bsdtar never sees what a stranger wrote: every header is written anew, so that it finds no
 * more and no other names than were judged (S27).
 * @throws RKT_IMAGE_TOOL_MISSING
 */
export const startExtraction = (directory: HostPath): Extraction => {
  const input = pipe({bytes: PIPE_BYTES});
  let tool: Tool;
  using target = openHost(directory, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    tool = startTool(bsdtarExtract(target), input.read.number, 'ignore');
  } catch (error) {
    input.write.close();
    throw error;
  } finally {
    input.read.close();
  }
  const {write: sink} = input;
  const waiting = Buffer.allocUnsafe(CHUNK_BYTES);
  let used = 0;
  // What stands before the next header.
  let padding: Buffer = START;
  let broken = false;
  const send = (bytes: Buffer): void => {
    try {
      for (let at = 0; at < bytes.length && !broken; ) at += writeSync(sink.number, bytes, at);
    } catch (error) {
      // It has ended; `finish` tells why.
      if (!isErrno(error, 'EPIPE')) throw error;
      broken = true;
    }
  };
  const flush = (): void => {
    send(waiting.subarray(0, used));
    used = 0;
  };
  const write = (bytes: Buffer): void => {
    if (used + bytes.length > waiting.length) flush();
    if (bytes.length > waiting.length / 2) {
      flush();
      send(bytes);
    } else used += bytes.copy(waiting, used);
  };
  return {
    entry(entry) {
      write(padding);
      write(encodeEntry(entry, {binary: true}));
      padding = paddingOf(entry);
    },
    content: write,
    async finish() {
      write(padding);
      write(END);
      flush();
      sink.close();
      const failure = await tool.ended;
      if (failure !== undefined) throw extractionError('bsdtar', failure, directory);
      if (broken) throw imageExtractionFailed('bsdtar', 'ended early', '');
    },
    [Symbol.dispose]() {
      sink.close();
      tool.kill();
    },
  };
};
