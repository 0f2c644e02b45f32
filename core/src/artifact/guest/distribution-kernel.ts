import {readFileSync} from 'node:fs';
import {fetchDebianKernel} from './debian-kernel.ts';
import {extractVmlinux} from './extract-vmlinux.ts';
import type {TakeKernel} from './taken-kernel.ts';

/** The newest kernel of the distribution, with its modules, without installing it. @throws RKT_GUEST_KERNEL_FAILED */
export const distributionKernel: TakeKernel = async (work) => {
  const {image, modules, release, from} = await fetchDebianKernel(work);
  const vmlinux = await extractVmlinux(readFileSync(image), image);
  return {vmlinux, modules, about: {kind: 'distribution', release, from}};
};
