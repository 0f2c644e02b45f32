import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {O_PATH, openInRoot} from './openat2.ts';
import type {Runner} from './program-file.ts';
import {rootless} from './rootless.ts';
import {isErrno} from './syscall-error.ts';

/** linux/prctl.h */
const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;

/** linux/capability.h: numbers in the first word of a set. What lets somebody into directories whatever their modes are. */
const PASSES = {CAP_DAC_OVERRIDE: 1, CAP_DAC_READ_SEARCH: 2} as const;
const VERSION_3 = 0x2008_0522;
const SETS_BYTES = 24;
/** Of the first words: effective, permitted. */
const [EFFECTIVE, PERMITTED] = [0, 4] as const;

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
  const own = ownSets();
  undo.defer(() => setSets(own));
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
  const sets = Buffer.from(own);
  // Becoming another user has taken what is about files.
  const lost = Object.entries(PASSES).filter(([name]) => !capabilities.effective.some((other) => other === name));
  const without = lost.reduce((mask, [, number]) => mask & ~(1 << number), sets.readUInt32LE(PERMITTED));
  sets.writeUInt32LE(without >>> 0, EFFECTIVE);
  setSets(sets);
  close();
  return undo;
};

const header = (): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(VERSION_3, 0);
  return bytes;
};

/** By system calls: this thread may see the /proc of other processes. */
const ownSets = (): Buffer => {
  const sets = Buffer.alloc(SETS_BYTES);
  syscall('capget', [header(), sets], 'capabilities');
  return sets;
};

const setSets = (sets: Buffer): void => void syscall('capset', [header(), sets], 'capabilities');

/** On this thread alone. */
const setGroups = (groups: readonly number[]): void => {
  if (rootless()?.changesGroups === false) return;
  const list = Buffer.alloc(Math.max(groups.length, 1) * 4);
  groups.forEach((group, index) => {
    list.writeUInt32LE(group, index * 4);
  });
  syscall('setgroups', [groups.length, list], 'groups');
};
