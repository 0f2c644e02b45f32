import {readFileSync, statSync} from 'node:fs';

/** Whether a process waits until others let go of a file or directory that it wants to lock. */
export const waitsForLock = (pid: number | undefined, path: string): boolean => {
  const inode = statSync(path).ino;
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .some((line) => line.includes('->') && line.includes(` ${pid} `) && line.includes(`:${inode} `));
};
