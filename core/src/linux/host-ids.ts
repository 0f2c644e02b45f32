import {readFileSync, readlinkSync} from 'node:fs';

type Translate = (id: number) => number;

/** Lines of /proc/PID/uid_map: first id inside, first outside, count. An id that the namespace does not have stays as it is: no file of it belongs to anybody there. */
export const parseIdMap = (text: string): Translate => {
  const ranges = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return (id) => {
    const range = ranges.find(([inside = 0, , count = 0]) => id >= inside && id < inside + count);
    return range === undefined ? id : id - (range[0] ?? 0) + (range[1] ?? 0);
  };
};

/** What users and groups of a process's user namespace are here. Of the one that this process is in itself, the kernel shows what they are outside of it (user_namespaces(7)). */
export const hostIdsOf = (pid: number): {readonly user: Translate; readonly group: Translate} => {
  if (readlinkSync(`/proc/${pid}/ns/user`) === readlinkSync('/proc/self/ns/user'))
    return {user: (id) => id, group: (id) => id};
  return {
    user: parseIdMap(readFileSync(`/proc/${pid}/uid_map`, 'latin1')),
    group: parseIdMap(readFileSync(`/proc/${pid}/gid_map`, 'latin1')),
  };
};
