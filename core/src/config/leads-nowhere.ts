import {existsSync, lstatSync} from 'node:fs';
import path from 'node:path';

/** Whether an absolute path that is not there has a symlink in it, itself included, that leads to nothing. */
export const leadsNowhere = (file: string): boolean => {
  const isLink = lstatSync(file, {throwIfNoEntry: false})?.isSymbolicLink() === true;
  if (isLink) return true;
  const parent = path.dirname(file);
  return parent !== file && !existsSync(parent) && leadsNowhere(parent);
};
