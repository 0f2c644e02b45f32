import {statSync} from 'node:fs';
import {readBounded, Unbounded} from '../../config/read-bounded.ts';
import {errnoText} from '../../linux/errno-text.ts';
import {givenKernelUnusable} from '../errors.ts';
import {decompress} from './decompress.ts';
import {extractVmlinux} from './extract-vmlinux.ts';
import {kernelRelease} from './kernel-release.ts';
import type {TakenKernel} from './taken-kernel.ts';

/** Larger than any kernel, or initial file system with modules. */
const MAX_BYTES = 512 * 1024 * 1024;

/**
 * A kernel that the operator has: a bzImage or an ELF file, compressed or not.
 * @param initramfs an archive that is unpacked before rkt's own. Absent: the kernel has all that it needs
 * @throws RKT_GUEST_KERNEL_UNUSABLE, RKT_GUEST_KERNEL_FAILED
 */
export const givenKernel = async (kernel: string, initramfs?: string): Promise<TakenKernel> => {
  const file = await decompress(read(kernel), kernel);
  const vmlinux = isElf(file) ? file : await extractVmlinux(file, kernel);
  const release = kernelRelease(vmlinux);
  if (release === undefined) throw givenKernelUnusable(kernel, 'it is no kernel of Linux: it says no version');
  const about = {kind: 'given', release, from: kernel} as const;
  return {vmlinux, about, ...(initramfs === undefined ? {} : {initramfs: archive(initramfs)})};
};

const isElf = (data: Buffer): boolean => data.toString('latin1', 0, 4) === '\x7fELF';

const read = (file: string): Buffer => {
  try {
    // No more memory than it has bytes.
    const {size} = statSync(file);
    if (size > MAX_BYTES) throw new Unbounded('too-large');
    return readBounded(file, size);
  } catch (error) {
    if (error instanceof Unbounded)
      throw givenKernelUnusable(
        file,
        error.reason === 'too-large' ? `it has more than ${MAX_BYTES} bytes` : 'it is no regular file',
      );
    const because = errnoText(error);
    if (because === undefined) throw error;
    throw givenKernelUnusable(file, because, error);
  }
};

/** What a kernel takes for the beginning of an archive: of cpio, or of one that is compressed (Documentation/driver-api/early-userspace/buffer-format.rst). */
const BEGINNINGS = ['303730373031', '303730373032', '1f8b', '425a68', '5d0000', 'fd377a585a00', '28b52ffd', '02214c18'];

/** Up to where the next may begin. */
const archive = (file: string): Buffer => {
  const data = read(file);
  const begins = data.subarray(0, 6).toString('hex');
  if (!BEGINNINGS.some((bytes) => begins.startsWith(bytes)))
    throw givenKernelUnusable(file, 'it is no archive of cpio, compressed or not');
  return Buffer.concat([data, Buffer.alloc(-data.length & 3)]);
};
