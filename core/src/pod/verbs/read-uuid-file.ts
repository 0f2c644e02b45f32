import {closeSync, openSync, readSync} from 'node:fs';
import {errnoText} from '../../linux/errno-text.ts';
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
    const file = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(ENOUGH);
      text = buffer.toString('utf8', 0, readSync(file, buffer)).trim();
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const because = errnoText(error);
    if (because === undefined) throw error;
    throw uuidFileUnusable(path, because, exitCode, error);
  }
  if (text === '') throw uuidFileUnusable(path, 'it is empty', exitCode);
  return text;
};
