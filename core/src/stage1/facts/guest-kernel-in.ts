import {constants} from 'node:fs';
import {readBounded, Unbounded} from '../../config/read-bounded.ts';
import {type GuestKernel, guestKernel} from '../../contract/host.ts';
import type {HostPath} from '../../contract/names.ts';
import type {Fd} from '../../linux/fd.ts';
import {openStored} from '../../linux/open-stored.ts';
import {O_PATH, openInRoot} from '../../linux/openat2.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {stage1ImageInvalid} from '../errors.ts';

const MAX_BYTES = 16_384;

/**
 * What a flavor's image says of the kernel that it has; `undefined` of one that was made before images said it.
 * @param about where, in the image
 * @throws RKT_STAGE1_IMAGE_INVALID
 */
export const guestKernelIn = (tree: HostPath, about: string): GuestKernel | undefined => {
  using file = openAbout(tree, about);
  if (file === undefined) return undefined;
  const said = guestKernel.safeParse(parse(file));
  if (!said.success) throw stage1ImageInvalid(tree, about, 'it does not say which kernel it has');
  return said.data;
};

const parse = (file: Fd): unknown => {
  try {
    return JSON.parse(readBounded(file.path, MAX_BYTES).toString('utf8'));
  } catch (error) {
    if (error instanceof Unbounded || error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const openAbout = (tree: HostPath, about: string): Fd | undefined => {
  using root = openStored(tree, O_PATH | constants.O_DIRECTORY);
  try {
    return openInRoot(root, about, constants.O_RDONLY);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
};
