import {constants, fstatSync, statSync} from 'node:fs';
import {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {openHost} from './openat2.ts';
import {rootless} from './rootless.ts';
import {isErrno} from './syscall-error.ts';

/** linux/nsfs.h */
const NS_GET_USERNS = 0xb701;

/** The last of those that programs of rkt run as. */
const LAST_ID = 65_534;

const LEFT = ['net', 'ipc', 'pid'] as const;

let known: boolean | undefined;

/**
 * Whether root may leave its network, System V IPC and pids for those of a program, come back, and give that program ids of nobody: root of the host, and of a container that has namespaces of its own; not who is root of
 * a user namespace in the midst of a host's. The first call needs /proc.
 */
export const mayReturn = (): boolean => {
  known ??= look();
  return known;
};

const look = (): boolean => {
  const own = rootless();
  if (own === undefined) return true;
  return Math.min(own.users, own.groups) > LAST_ID && LEFT.every(isOwn);
};

const isOwn = (name: (typeof LEFT)[number]): boolean => {
  using namespace = openHost(`/proc/self/ns/${name}`, constants.O_RDONLY);
  try {
    using owner = new Fd(syscall('ioctl', [namespace.number, NS_GET_USERNS, 0], name));
    return (
      namespaceId(fstatSync(owner.number, {bigint: true})) ===
      namespaceId(statSync('/proc/self/ns/user', {bigint: true}))
    );
  } catch (error) {
    // It is of a user namespace that is not ours to see.
    if (isErrno(error, 'EPERM')) return false;
    throw error;
  }
};

/** Of a namespace among those that there are at a time. */
const namespaceId = ({dev, ino}: {readonly dev: bigint; readonly ino: bigint}): string => `${dev}:${ino}`;
