import {gunzipSync, zstdDecompressSync} from 'node:zlib';
import {guestKernelFailed} from '../errors.ts';
import {runTool} from './run-tool.ts';

/** A kernel is some 60 MB. */
const MAX_BYTES = 512 * 1024 * 1024;

const isOf = (data: Buffer, magic: string): boolean => data.subarray(0, magic.length / 2).toString('hex') === magic;

/** Decompresses what a kernel or a module is compressed with: gzip, xz, zstd or lz4; anything else stays as it is. */
export const decompress = async (data: Buffer, what: string): Promise<Buffer> => {
  const limit = {maxOutputLength: MAX_BYTES};
  try {
    if (isOf(data, '1f8b')) return gunzipSync(data, limit);
    if (isOf(data, '28b52ffd')) return zstdDecompressSync(data, limit);
  } catch (cause) {
    throw guestKernelFailed(what, 'it cannot be decompressed', cause);
  }
  if (isOf(data, 'fd377a585a00')) return await runTool('xz', ['--decompress', '--stdout'], {input: data, what});
  if (isOf(data, '02214c18') || isOf(data, '04224d18')) return await runTool('lz4', ['-dc'], {input: data, what});
  return data;
};
