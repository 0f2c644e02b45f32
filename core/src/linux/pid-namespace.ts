import {readdirSync, readlinkSync} from 'node:fs';
import type {ProcessIdentity} from '../contract/pod.ts';
import {hasNoMemory, identify, isAlive, parentOf} from './process-identity.ts';
import {isErrno} from './syscall-error.ts';

/**
 * Whether anything runs in a pid namespace. The first process of one stays, when it has ended and the kernel has killed all others there, until somebody has reaped them (pid_namespaces(7)); where their parents have ended, that is
 * for the first process of the host or the container around, and some never do it.
 */
export const isNamespaceAlive = (first: ProcessIdentity): boolean =>
  isAlive(first) && !(hasNoMemory(first.pid) && membersOf(first.pid).every(hasEnded(first.pid)));

const hasEnded =
  (first: number) =>
  (pid: number): boolean => {
    const identity = pid === first ? undefined : identify(pid);
    return identity === undefined || !isAlive(identity);
  };

/**
 * Processes outside of a pid namespace with children in it. It does not end before they have reaped these, which one that is stopped does not.
 * @param member any process of the namespace
 */
export const parentsOutside = (member: number): ProcessIdentity[] => {
  const members = membersOf(member);
  const parents = new Set(members.map((pid) => parentOf(pid) ?? 0));
  return [...parents].filter((pid) => pid > 0 && !members.includes(pid)).flatMap((pid) => identify(pid) ?? []);
};

const membersOf = (member: number): number[] => {
  const namespace = pidNamespaceOf(member);
  if (namespace === undefined) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pidNamespaceOf(pid) === namespace);
};

/** `undefined` for one that has been reaped, and for others' processes, which are in no namespace of ours. */
const pidNamespaceOf = (pid: number): string | undefined => {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return undefined;
    throw error;
  }
};
