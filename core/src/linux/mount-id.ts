import {readFileSync} from 'node:fs';
import type {Fd} from './fd.ts';

/** The mount through which a file was opened: the first field of its line in mountinfo. */
export const mountId = (file: Fd): number => {
  const line = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${file.number}`, 'latin1'));
  if (line === null) throw new Error('fdinfo of an open file has no mnt_id');
  return Number(line[1]);
};
