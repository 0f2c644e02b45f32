import type {Stage1Config} from '../config/config.ts';
import type {HostPath} from '../contract/names.ts';
import {givenKernelUnusable, noSmallKernel} from './errors.ts';
import type {TakeKernel} from './guest/taken-kernel.ts';

interface Options {
  readonly dataDir: HostPath;
  readonly note: (text: string) => void;
  /** For errors. */
  readonly flavor: string;
  /** The flavor's configuration of a small kernel, a file. Absent: it has none. */
  readonly small?: string;
}

/**
 * What takes the kernel of a flavor's machines, as the operator wants it: one that is a file has been read by then, and the small one made.
 * @param wanted `kernel`: `small`, `distribution` or a file. Absent: the small one if it has been made, else the distribution's
 * @throws RKT_GUEST_KERNEL_UNUSABLE, RKT_GUEST_KERNEL_FAILED, RKT_KERNEL_BUILD_FAILED, RKT_KERNEL_NOT_OF_FLAVOR, RKT_KERNEL_TOOLS_MISSING
 */
export const chooseKernel = async (
  {kernel, initramfs}: Pick<Stage1Config, 'kernel' | 'initramfs'>,
  {flavor, small, dataDir, note}: Options,
): Promise<TakeKernel> => {
  const isFile = kernel !== undefined && kernel !== 'small' && kernel !== 'distribution';
  if (initramfs !== undefined && !isFile)
    throw givenKernelUnusable(initramfs, 'it goes with a kernel that is a file, and there is none');
  if (isFile) {
    const {givenKernel} = await import('./guest/given-kernel.ts');
    const given = await givenKernel(kernel, initramfs);
    return async () => given;
  }
  const {smallKernel, presentSmallKernel} = await import('./guest/small-kernel.ts');
  if (kernel === 'small') {
    if (small === undefined) throw noSmallKernel(flavor);
    const taken = await smallKernel({dataDir, config: small, note});
    return async () => taken;
  }
  const present =
    kernel === undefined && small !== undefined ? await presentSmallKernel({dataDir, config: small, note}) : undefined;
  if (present !== undefined) return async () => present;
  const {distributionKernel} = await import('./guest/distribution-kernel.ts');
  return distributionKernel;
};
