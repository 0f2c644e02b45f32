import {statSync} from 'node:fs';

/** Whether what a path leads to can be read by this process alone, or once: no regular file, or one of its descriptors. A directory and what is not there are for whoever reads to judge. */
export const isReadOnce = (path: string): boolean => {
  const stats = statSync(path, {throwIfNoEntry: false});
  if (stats === undefined || stats.isDirectory()) return false;
  return !stats.isFile() || /^\/(dev\/(fd|std)|proc\/)/.test(path);
};
