import {lstatSync} from 'node:fs';
import {dirname} from 'node:path';

/** Whether nobody but root and who runs this can change what is at a path, neither itself nor what leads there. No part of the path but the last may be a symlink. */
export const isOwn = (real: string): boolean => {
  const trusted: readonly (number | undefined)[] = [0, process.geteuid?.()];
  for (let at = real; ; at = dirname(at)) {
    const stats = lstatSync(at);
    // Nobody takes the files of others out of such a directory.
    const isSticky = stats.isDirectory() && (stats.mode & 0o1000) !== 0;
    const isClosed = (stats.mode & 0o022) === 0 || isSticky || stats.isSymbolicLink();
    if (!trusted.includes(stats.uid) || !isClosed) return false;
    if (at === '/') return true;
  }
};
