import {readFileSync} from 'node:fs';

/**
 * Whether a process waits for a lock that another has, this one unless it is said. Locks are known by the file system and the inode as the kernel prints them: what `stat` says of a file may be another number, and on another
 * file system there may be the same one.
 */
export const waitsFor = (pid: number | undefined, holder: number | undefined = process.pid): boolean => {
  const locks = readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .map((line) => {
      const [, arrow, who, file] = /^\d+: *(-> )?FLOCK +ADVISORY +\S+ (\d+) (\S+) /.exec(line) ?? [];
      return {waits: arrow !== undefined, who: Number(who), file};
    });
  const held = new Set(locks.filter(({waits, who}) => !waits && who === holder).map(({file}) => file));
  return locks.some(({waits, who, file}) => waits && who === pid && held.has(file));
};
