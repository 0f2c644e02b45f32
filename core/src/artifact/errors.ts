import type {ToolFailure} from '../image/tool.ts';
import {RktError} from '../rkt-error.ts';
import {debianPackage} from './debian-packages.ts';

/** No file system image can be made of the layers of an app's image, for a virtual machine. */
export const diskImageFailed = (layers: readonly string[], {status, output}: ToolFailure) =>
  new RktError(
    'RKT_DISK_IMAGE_FAILED',
    `no file system image can be made of ${layers.join(', ')}: mkfs.erofs ended with ${status}${output === '' ? '' : `: ${output}`}`,
    {layers, hint: 'check whether the disk is full, and run "rkt image verify"'},
  );

/** A virtual machine has the files of an image in a file system image, and mkfs.erofs cuts names off that are as long as names can be. */
export const diskImageNameTooLong = (layers: readonly string[], name: string) =>
  new RktError(
    'RKT_DISK_IMAGE_NAME_TOO_LONG',
    `no file system image can be made of ${layers.join(', ')}: mkfs.erofs takes names of 254 bytes, and "${name}" has 255`,
    {layers, name, hint: 'run it with another flavor (--stage1), or give that file a shorter name'},
  );

/** A virtual machine has the files of an image in a file system image, and that would be out of proportion to its archive. */
export const diskImageTooLarge = (layers: readonly string[], most: number) =>
  new RktError(
    'RKT_DISK_IMAGE_TOO_LARGE',
    `a file system image of ${layers.join(', ')} would have more than ${most} bytes, which is out of proportion to what its archive has: it has files with large holes`,
    {layers, most, hint: 'run it with another flavor (--stage1), which leaves the holes'},
  );

/** A program that comes with a flavor is not in its package. */
export const flavorIncomplete = (file: string) =>
  new RktError('RKT_FLAVOR_INCOMPLETE', `${file}, with which the flavor runs pods, is missing`, {
    file,
    hint: 'install the flavor again; in a checkout, install a C compiler (gcc, libc6-dev) and run "npm run build" again',
  });

/** Programs of this host are missing of which a flavor wants an image. */
export const flavorProgramsMissing = (programs: readonly string[]) =>
  new RktError('RKT_FLAVOR_PROGRAMS_MISSING', `this host has no ${programs.join(', no ')}`, {
    programs,
    hint: `install what has them, for example: apt-get install ${[...new Set(programs.map(debianPackage))].join(' ')}`,
  });

/** The kernel of virtual machines cannot be taken from the packages of the distribution. */
export const guestKernelFailed = (step: string, because: string, cause?: unknown) =>
  new RktError('RKT_GUEST_KERNEL_FAILED', `no kernel for virtual machines: ${step}: ${because}`, {
    step,
    cause,
    hint: 'make sure that "apt-get update" and "apt-get download linux-image-amd64" work on this host',
  });

/** What the operator has given as the kernel of virtual machines, or as its archive, is not one. */
export const givenKernelUnusable = (file: string, because: string, cause?: unknown) =>
  new RktError('RKT_GUEST_KERNEL_UNUSABLE', `${file} cannot start virtual machines: ${because}`, {
    file,
    because,
    cause,
    hint: 'correct "kernel" and "initramfs" of the configuration (stage1), or --kernel and --initramfs of "rkt flavor build"',
  });

/** The small kernel of virtual machines cannot be compiled. Nothing is left of the attempt. */
export const kernelBuildFailed = (step: string, because: string) =>
  new RktError('RKT_KERNEL_BUILD_FAILED', `the small kernel of virtual machines cannot be made: ${step}: ${because}`, {
    step,
    because,
    hint: 'check whether the disk is full; "rkt flavor build --kernel=distribution" takes the kernel of the distribution, which does not have to be compiled',
  });

/** --kernel=small for a flavor that has no small kernel, or no virtual machines. */
export const noSmallKernel = (flavor: string) =>
  new RktError('RKT_KERNEL_NOT_OF_FLAVOR', `flavor "${flavor}" has no small kernel of its own`, {
    flavor,
    hint: 'leave out --kernel',
  });

/** The tools that a kernel is compiled with are not on this host. */
export const kernelToolsMissing = (packages: readonly string[]) =>
  new RktError('RKT_KERNEL_TOOLS_MISSING', `a kernel cannot be compiled here without ${packages.join(', ')}`, {
    packages,
    hint: `apt-get install ${packages.join(' ')}; or "rkt flavor build --kernel=distribution", for which nothing is compiled`,
  });

/** A virtual machine, from which others were to continue, cannot be started or saved. */
export const templateFailed = (tree: string, {status, output}: ToolFailure, {told = false} = {}) =>
  new RktError(
    'RKT_TEMPLATE_FAILED',
    `virtual machines of ${tree} are booted each by itself, because none can be saved for others: ${status}${output === '' ? '' : `: ${output.split('\n').at(-1)}`}`,
    {
      tree,
      ...(told && {told}),
      hint: 'rkt tries again in ten minutes, or after "rkt image gc"; with "templates": false in the configuration (stage1) it does not try',
    },
  );
