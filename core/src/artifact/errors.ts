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
