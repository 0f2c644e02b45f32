import {constants, fstatSync, readlinkSync} from 'node:fs';
import type {Location} from '../contract/location.ts';
import type {Fd} from '../linux/fd.ts';
import {replaceDescriptor} from '../linux/fd-flags.ts';
import {openTree, setMountAttributes} from '../linux/mount.ts';
import {O_PATH, openHost} from '../linux/openat2.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {isTerminal} from '../linux/terminal.ts';
import {attach} from './attach.ts';
import type {StepContext} from './context.ts';
import {openLocation} from './location.ts';

/**
 * Binds the terminal among the standard streams, if there is one, to a file of a rootfs. `open`, once that is the root directory, makes it the file that those streams are: what they have from outside
 * has no name inside (ttyname(3)). One that the host does not know by its name stays as it is, and so does one that belongs to another user than rkt's caller, as after `su`.
 */
export const bindTerminal = (at: Location, context: StepContext): {open: () => void} | undefined => {
  const [first] = [0, 1, 2].filter(isTerminal);
  if (first === undefined) return undefined;
  const wanted = fstatSync(first);
  const isIt = (fd: number): boolean => {
    const {dev, ino, rdev} = fstatSync(fd);
    return dev === wanted.dev && ino === wanted.ino && rdev === wanted.rdev;
  };
  using source = openNamed(readlinkSync(`/proc/self/fd/${first}`));
  if (source === undefined || !isIt(source.number)) return undefined;
  using target = openLocation(at, context, O_PATH);
  using mount = openTree(source);
  setMountAttributes(mount, {flags: ['nosuid', 'noexec'], propagation: 'private'});
  attach(mount, target, context);
  return {
    open() {
      using terminal = openIfAllowed(at.path);
      if (terminal === undefined) return;
      for (const fd of [0, 1, 2].filter(isIt)) replaceDescriptor(fd, terminal.number);
    },
  };
};

const openIfAllowed = (path: string): Fd | undefined => {
  try {
    return openHost(path, constants.O_RDWR | constants.O_NOCTTY);
  } catch (error) {
    if (isErrno(error, 'EACCES')) return undefined;
    throw error;
  }
};

const openNamed = (path: string): Fd | undefined => {
  try {
    return openHost(path, O_PATH);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EINVAL')) return undefined;
    throw error;
  }
};
