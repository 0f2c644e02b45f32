import {readSync} from 'node:fs';
import {errnoText} from '../../linux/errno-text.ts';
import {openGiven} from '../../linux/open-given.ts';
import {uuidFileUnusable} from '../errors.ts';

/** Longer than any UUID and the line's end. */
const ENOUGH = 64;

/**
 * What `--uuid-file` names.
 * @param exitCode if it cannot be read
 */
export const readUuidFile = (path: string, exitCode: number): string => {
  let text: string;
  try {
    using file = openGiven(path);
    const buffer = Buffer.alloc(ENOUGH);
    text = buffer.toString('utf8', 0, readSync(file.number, buffer)).trim();
  } catch (error) {
    const because = errnoText(error);
    if (because === undefined) throw error;
    throw uuidFileUnusable(path, because, exitCode, error);
  }
  if (text === '') throw uuidFileUnusable(path, 'it is empty', exitCode);
  return text;
};
