import {argumentFilter, type Refused} from './argument-filter.ts';
import {syscall} from './libc.ts';
import {rootless} from './rootless.ts';
import {isErrno} from './syscall-error.ts';

/*
 * What no process of a pod may do, whatever filter it has beside. No image and no flag lifts these.
 */

/**
 * Who holds a lease on a file has everybody wait who opens it, for up to 45 seconds. Root of a pod could take one on every file that it can read: those of /sys
 * are the host's (S10). EINVAL is what a file system says that has no leases. asm-generic/fcntl.h, linux/fcntl.h: F_SETLEASE, F_SETDELEG
 */
const LEASES: Refused = {call: 'fcntl', values: [1024, 1040], errno: 22};

/**
 * A terminal takes what TIOCSTI gives it as typed: an app that has the operator's would type into the shell that is there after it (S30). TIOCLINUX pastes a
 * selection of a console in the same way. asm-generic/ioctls.h, linux/tiocl.h
 */
const TYPING: Refused = {call: 'ioctl', values: [0x5412, 0x541c], errno: 1};

/** The keys of an ordinary user are those of root of the user's pods, who is the same user: by their numbers, whichever keyring the pod has (S35, keyrings(7)). */
const KEYS: Refused = {call: 'keys', errno: 1};

/**
 * Priorities of a process group: that of a pod which is at a terminal of rkt's caller has the caller's processes, too, whatever its pid namespace (S28). EPERM is what the kernel says of processes of others. linux/resource.h:
 * PRIO_PGRP; linux/ioprio.h: IOPRIO_WHO_PGRP
 */
const GROUP_PRIORITIES: readonly Refused[] = [
  {call: 'setpriority', argument: 'first', values: [1], errno: 1},
  {call: 'ioprio_set', argument: 'first', values: [2], errno: 1},
];

const SECCOMP_GET_ACTION_AVAIL = 2;
/** linux/seccomp.h: SECCOMP_RET_ERRNO */
const ERRNO = 0x0005_0000;

export const leaseFilter = (machine: string = process.arch): Buffer => argumentFilter(LEASES, machine);
export const terminalFilter = (machine: string = process.arch): Buffer => argumentFilter(TYPING, machine);
export const keyFilter = (machine: string = process.arch): Buffer => argumentFilter(KEYS, machine);

/** For an app that is in the process group of an ordinary user's call. */
export const groupFilters = (): Buffer[] =>
  hasFilters() ? GROUP_PRIORITIES.map((refused) => argumentFilter(refused, process.arch)) : [];

/**
 * The filters for a process of a pod on this machine, without those that it is going to have anyway; none where the kernel has no filters.
 * @param terminal `shared`: it may have that of rkt's caller
 */
export const ownFilters = (terminal: 'shared' | 'own', others: readonly Buffer[] = []): Buffer[] => {
  if (!hasFilters()) return [];
  const filters = [
    leaseFilter(),
    ...(terminal === 'shared' ? [terminalFilter()] : []),
    ...(rootless() === undefined ? [] : [keyFilter()]),
  ];
  return filters.filter((filter) => !others.some((other) => other.equals(filter)));
};

/** What else an ordinary user's rkt has itself, and all that it starts: helpers that read what a stranger made are the user, too, where there are no further ids. */
export const filtersOfUser = (): Buffer[] => (hasFilters() ? [keyFilter()] : []);

const hasFilters = (): boolean => {
  const action = Buffer.alloc(4);
  action.writeUInt32LE(ERRNO);
  try {
    syscall('seccomp', [SECCOMP_GET_ACTION_AVAIL, 0, action]);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOSYS', 'EINVAL', 'EOPNOTSUPP')) return false;
    throw error;
  }
};
