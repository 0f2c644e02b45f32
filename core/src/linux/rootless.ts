import {readFileSync} from 'node:fs';
import {isErrno} from './syscall-error.ts';

/** What a process may do that is root of a user namespace, and not of the host (user_namespaces(7)). */
export interface Rootless {
  /** Users 0 to `users` − 1 are there, and no others. */
  readonly users: number;
  /** The same of groups. */
  readonly groups: number;
  /** Whether it may change its further groups, and drop those of whoever started it. */
  readonly changesGroups: boolean;
}

/** Of the first user namespace, and of one that has all ids as the host has them. */
const ALL = /^\s*0\s+0\s+4294967295\s*$/;

/** As whom files of the host are shown whose user is not in the user namespace, as root of the host is not (/proc/sys/kernel/overflowuid). */
export const OVERFLOW_ID = 65_534;

/** How many ids there are from 0 on without a gap, in the text of a map. */
export const idsIn = (map: string): number => {
  const ranges = map
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .sort(([a = 0], [b = 0]) => a - b);
  return ranges.reduce((end, [first, , count = 0]) => (first === end ? end + count : end), 0);
};

let known: {readonly is: Rootless | undefined} | undefined;

/** `undefined`: this process has the ids of the host. The first call needs /proc. */
export const rootless = (): Rootless | undefined => {
  known ??= {is: read()};
  return known.is;
};

/** @param text of a file of /proc/self; `undefined` where the kernel has none, and no user namespaces */
export const rootlessBy = (text: (file: string) => string | undefined): Rootless | undefined => {
  const users = text('uid_map');
  if (users === undefined || ALL.test(users)) return undefined;
  return {
    users: idsIn(users),
    groups: idsIn(text('gid_map') ?? ''),
    changesGroups: text('setgroups')?.trim() === 'allow',
  };
};

const read = (): Rootless | undefined =>
  rootlessBy((file) => {
    try {
      return readFileSync(`/proc/self/${file}`, 'latin1');
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  });
