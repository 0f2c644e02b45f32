import {writeSync} from 'node:fs';
import {pipe} from '../linux/pipe.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {imageExtractionFailed} from './errors.ts';
import {PIPE_BYTES} from './read-archive.ts';
import {bsdtarExtract} from './sandbox.ts';
import {startTool} from './tool.ts';

/** An archive that is being unpacked into a directory. */
export interface Extraction extends Disposable {
  /** The next bytes of the tar; they must have been judged (tar/scan.ts). */
  write(bytes: Buffer): void;
  /**
   * Nothing follows; resolves when all is in place.
   * @throws RKT_IMAGE_EXTRACTION_FAILED
   */
  finish(): Promise<void>;
}

/**
 * Starts to unpack into a directory, which nothing can leave: bsdtar changes its root to it before it reads.
 * @param messages path of a new file for what it says
 * @throws RKT_IMAGE_TOOL_MISSING
 */
export const startExtraction = (directory: string, messages: string): Extraction => {
  const input = pipe({bytes: PIPE_BYTES});
  // Directories that the archive only implies.
  const umask = process.umask(0o022);
  let tool: ReturnType<typeof startTool>;
  try {
    tool = startTool(bsdtarExtract(directory), input.read.number, 'ignore', messages);
  } catch (error) {
    input.write.close();
    throw error;
  } finally {
    process.umask(umask);
    input.read.close();
  }
  const {write: sink} = input;
  let broken = false;
  return {
    write(bytes) {
      try {
        for (let at = 0; at < bytes.length && !broken; ) at += writeSync(sink.number, bytes, at);
      } catch (error) {
        // It has ended; `finish` tells why.
        if (!isErrno(error, 'EPIPE')) throw error;
        broken = true;
      }
    },
    async finish() {
      sink.close();
      const failure = await tool.ended;
      if (failure !== undefined) throw imageExtractionFailed(failure.status, failure.output);
      if (broken) throw imageExtractionFailed('ended early', '');
    },
    [Symbol.dispose]() {
      sink.close();
      tool.kill();
    },
  };
};
