import {guestKernelFailed} from '../errors.ts';
import {decompress} from './decompress.ts';

/* Offsets of the boot protocol's header (Documentation/arch/x86/boot.rst). */
const SETUP_SECTORS = 0x1f1;
const MAGIC = 0x202;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
const SECTOR = 512;
/** The kernel's build appends the length of what is compressed. */
const LENGTH_BYTES = 4;

/** The kernel in a bzImage, uncompressed: a machine starts it by its PVH entry without decompressing it each time. */
export const extractVmlinux = async (image: Buffer, what: string): Promise<Buffer> => {
  if (image.length < 0x250 || image.toString('latin1', MAGIC, MAGIC + 4) !== 'HdrS') {
    throw guestKernelFailed(what, 'it is no kernel for x86');
  }
  const start = ((image[SETUP_SECTORS] || 4) + 1) * SECTOR + image.readUInt32LE(PAYLOAD_OFFSET);
  const end = start + image.readUInt32LE(PAYLOAD_LENGTH) - LENGTH_BYTES;
  if (end > image.length || end <= start) throw guestKernelFailed(what, 'its payload is beyond its end');
  const kernel = await decompress(image.subarray(start, end), what);
  if (kernel.toString('latin1', 1, 4) !== 'ELF') throw guestKernelFailed(what, 'its payload is no ELF file');
  return kernel;
};
