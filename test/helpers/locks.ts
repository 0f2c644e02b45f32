import {readFileSync} from 'node:fs';

/**
 * Whether a process waits for a lock that this one has. Locks are known by the file system and the inode as the kernel prints them: what `stat` says of a file may be another number, and on another
 * file system there may be the same one.
 */
export const waitsForUs = (pid: number | undefined): boolean => {
  const locks = readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .map((line) => {
      const [, arrow, who, file] = /^\d+: *(-> )?FLOCK +ADVISORY +\S+ (\d+) (\S+) /.exec(line) ?? [];
      return {waits: arrow !== undefined, who: Number(who), file};
    });
  const ours = new Set(locks.filter(({waits, who}) => !waits && who === process.pid).map(({file}) => file));
  return locks.some(({waits, who, file}) => waits && who === pid && ours.has(file));
};
