import type {ToolFailure} from '../image/tool.ts';
import {RktError} from '../rkt-error.ts';

/** A file system image cannot be made of the layers of an app's image. */
export const diskImageFailed = (layers: readonly string[], {status, output}: ToolFailure) =>
  new RktError(
    'RKT_DISK_IMAGE_FAILED',
    `no file system image can be made of ${layers.join(', ')}: mkfs.erofs ended with ${status}${output === '' ? '' : `: ${output}`}`,
    {layers, hint: 'see whether the disk is full, and "rkt image verify"'},
  );

/** A program that comes with a flavor is not in its package. */
export const flavorIncomplete = (file: string) =>
  new RktError('RKT_FLAVOR_INCOMPLETE', `${file} is not there, which the flavor runs pods with`, {
    file,
    hint: 'install the flavor again; in a checkout, install a C compiler (gcc, libc6-dev) and run "npm run build" again',
  });

/** A kernel for machines cannot be had from this host's packages, or is none. */
export const guestKernelFailed = (step: string, because: string, cause?: unknown) =>
  new RktError('RKT_GUEST_KERNEL_FAILED', `no kernel for machines: ${step}: ${because}`, {
    step,
    cause,
    hint: 'see that "apt-get update" and "apt-get download linux-image-amd64" work on this host',
  });

/** A kernel or an archive that the operator has given for machines is none. */
export const givenKernelUnusable = (file: string, because: string, cause?: unknown) =>
  new RktError('RKT_GUEST_KERNEL_UNUSABLE', `${file} cannot start machines: ${because}`, {
    file,
    because,
    cause,
    hint: 'see "kernel" and "initramfs" of the configuration (stage1), and --kernel and --initramfs of "rkt flavor build"',
  });

/** The small kernel of machines cannot be compiled. Nothing is left of it. */
export const kernelBuildFailed = (step: string, because: string) =>
  new RktError('RKT_KERNEL_BUILD_FAILED', `the small kernel of machines cannot be made: ${step}: ${because}`, {
    step,
    because,
    hint: 'see whether the disk is full; "rkt flavor build --kernel=distribution" takes the kernel of the distribution, which nobody has to compile',
  });

/** A flavor has no small kernel of its own, or no machines. */
export const noSmallKernel = (flavor: string) =>
  new RktError('RKT_KERNEL_NOT_OF_FLAVOR', `flavor "${flavor}" has no small kernel of its own`, {
    flavor,
    hint: 'leave out --kernel',
  });

/** What a kernel is compiled with is not on this host. */
export const kernelToolsMissing = (packages: readonly string[]) =>
  new RktError('RKT_KERNEL_TOOLS_MISSING', `a kernel cannot be compiled here without ${packages.join(', ')}`, {
    packages,
    hint: `apt-get install ${packages.join(' ')}; or "rkt flavor build --kernel=distribution", for which nothing is compiled`,
  });

/** A machine that others go on from cannot be started or saved. */
export const templateFailed = (tree: string, {status, output}: ToolFailure, {told = false} = {}) =>
  new RktError(
    'RKT_TEMPLATE_FAILED',
    `machines of ${tree} are booted each by itself, as none can be saved for others: ${status}${output === '' ? '' : `: ${output.split('\n').at(-1)}`}`,
    {
      tree,
      ...(told && {told}),
      hint: 'rkt tries again in ten minutes, or after "rkt image gc"; "templates": false in the configuration (stage1) tries no more',
    },
  );
