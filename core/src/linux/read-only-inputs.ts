import {constants, fstatSync} from 'node:fs';
import type {Fd} from './fd.ts';
import {isNonBlocking, openFlags, replaceDescriptor} from './fd-flags.ts';
import {syscall} from './libc.ts';
import {openTree, setMountAttributes} from './mount.ts';
import {O_PATH, openHost} from './openat2.ts';
import {SyscallError} from './syscall-error.ts';

const {O_NONBLOCK, O_RDONLY} = constants;
const O_ACCMODE = 3;
const SEEK_SET = 0;
const SEEK_CUR = 1;

/**
 * Of a file that rkt's caller gave to be read, whoever has rights to it has more than that: root of a pod opens it again to write (`/proc/self/fd/0`), and changes its mode, setuid too (S11). Here it becomes
 * the same file on a mount that is read-only and belongs to no namespace, at the same position, which is its own from then on. What cannot be mounted (a file in memory) stays as it is.
 */
export const makeInputsReadOnly = (): void => {
  for (const fd of [0, 1, 2]) {
    if ((openFlags(fd) & O_ACCMODE) !== O_RDONLY || !fstatSync(fd).isFile()) continue;
    using file = onReadOnlyMount(fd);
    if (file === undefined) continue;
    syscall('lseek', [file.number, syscall('lseek', [fd, 0, SEEK_CUR], `fd ${fd}`), SEEK_SET], `fd ${fd}`);
    replaceDescriptor(fd, file.number);
  }
};

const onReadOnlyMount = (fd: number): Fd | undefined => {
  try {
    using source = openHost(`/proc/self/fd/${fd}`, O_PATH);
    using view = openTree(source);
    setMountAttributes(view, {flags: ['ro'], propagation: 'private'});
    return openHost(view.path, isNonBlocking(fd) ? O_RDONLY | O_NONBLOCK : O_RDONLY);
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
};
