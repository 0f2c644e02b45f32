import type {JoinableKind, NamespaceKind} from '../contract/step.ts';
import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';

/** linux/sched.h */
const CLONE_FS = 0x200;
const CLONE: Readonly<Record<JoinableKind, number>> = {
  mount: 0x20000,
  cgroup: 0x2000000,
  uts: 0x4000000,
  ipc: 0x8000000,
  net: 0x40000000,
  pid: 0x20000000,
  user: 0x10000000,
};

/** As the kernel takes them. */
export const namespaceFlags = (kinds: readonly JoinableKind[]): number =>
  kinds.reduce((bits, kind) => bits | CLONE[kind], 0);

// Kept here because /proc/1/ns, to compare with, is closed even to root in many containers.
const left = new Set<JoinableKind>();

/**
 * Gives the calling thread namespaces of its own. From a `mount` one on, only synchronous calls see it: the thread pool stays behind.
 */
export const unshare = (kinds: readonly NamespaceKind[]): void => {
  syscall('unshare', [namespaceFlags(kinds)], kinds.join(','));
  for (const kind of kinds) left.add(kind);
};

/** Moves the calling thread (by `pid`: its children) into namespaces of a process; with `mount`, root and working directory become the root of the namespace. */
export const setNamespaces = (pidfd: Fd, kinds: readonly JoinableKind[]): void => {
  // A mount namespace cannot be joined while other threads share our root and working directory.
  if (kinds.includes('mount')) syscall('unshare', [CLONE_FS], 'fs');
  syscall('setns', [pidfd.number, namespaceFlags(kinds)], kinds.join(','));
  // Where setns(2) has put us already; Node remembers the old one otherwise.
  if (kinds.includes('mount')) process.chdir('/');
  for (const kind of kinds) left.add(kind);
};

/** Whether this process has left the namespace of that kind in which it was started. */
export const hasLeft = (kind: NamespaceKind): boolean => left.has(kind);
