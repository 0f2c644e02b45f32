import {readdirSync, readlinkSync} from 'node:fs';
import type {ProcessIdentity} from '../contract/pod.ts';
import {identify, parentOf} from './process-identity.ts';
import {isErrno} from './syscall-error.ts';

/**
 * Processes outside of a pid namespace with children in it. It does not end before they have reaped these (pid_namespaces(7)), which one that is stopped does not.
 * @param member any process of the namespace
 */
export const parentsOutside = (member: number): ProcessIdentity[] => {
  const namespace = pidNamespaceOf(member);
  if (namespace === undefined) return [];
  const isInside = (pid: number) => pidNamespaceOf(pid) === namespace;
  const parents = new Set(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter(isInside)
      .map((pid) => parentOf(pid) ?? 0),
  );
  return [...parents].filter((pid) => pid > 0 && !isInside(pid)).flatMap((pid) => identify(pid) ?? []);
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
