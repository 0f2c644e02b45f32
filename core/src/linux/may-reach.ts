import {capabilitiesOf, setCapabilities} from './capabilities.ts';
import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {O_PATH, openInRoot} from './openat2.ts';
import type {Runner} from './program-file.ts';
import {isErrno} from './syscall-error.ts';

/** linux/prctl.h */
const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;

/** What lets somebody into directories whatever their modes are. */
const PASSES = ['CAP_DAC_OVERRIDE', 'CAP_DAC_READ_SEARCH'] as const;

/**
 * Asks the kernel whether the directories on the way to a file of a rootfs let somebody through, access control lists included. What else may be wrong with the path is not asked. Whoever is
 * not root finds no more than what it may reach itself.
 */
export const mayReach = (root: Fd, path: string, runner: Runner): boolean => {
  if (process.geteuid?.() !== 0) return true;
  using _ = walkAs(runner);
  try {
    openInRoot(root, path, O_PATH).close();
    return true;
  } catch (error) {
    return !isErrno(error, 'EACCES');
  }
};

const walkAs = ({uid, gid, groups, capabilities}: Runner): DisposableStack => {
  const undo = new DisposableStack();
  const own = capabilitiesOf();
  const before = process.getgroups?.() ?? [];
  const dumpable = syscall('prctl', [PR_GET_DUMPABLE, 0, 0, 0, 0], 'dumpable');
  // Another user or other capabilities may have opened this process to others.
  const close = () => void syscall('prctl', [PR_SET_DUMPABLE, dumpable, 0, 0, 0], 'dumpable');
  undo.defer(close);
  setGroups(groups);
  undo.defer(() => setGroups(before));
  const ownGid = syscall('setfsgid', [gid], 'fsgid');
  undo.defer(() => void syscall('setfsgid', [ownGid], 'fsgid'));
  const ownUid = syscall('setfsuid', [uid], 'fsuid');
  undo.defer(() => void syscall('setfsuid', [ownUid], 'fsuid'));
  const lost = PASSES.filter((name) => !capabilities.effective.includes(name));
  setCapabilities({...own, effective: own.permitted.filter((name) => !lost.some((other) => other === name))});
  undo.defer(() => setCapabilities(own));
  close();
  return undo;
};

/** On this thread alone. */
const setGroups = (groups: readonly number[]): void => {
  const list = Buffer.alloc(Math.max(groups.length, 1) * 4);
  groups.forEach((group, index) => {
    list.writeUInt32LE(group, index * 4);
  });
  syscall('setgroups', [groups.length, list], 'groups');
};
