import {nameFileTooLarge} from '../errors.ts';
import {MAX_ID} from '../ids.ts';

/** Most bytes of an image's /etc/passwd and /etc/group that rkt reads (S16). */
export const MAX_NAME_FILE = 1024 * 1024;

/**
 * The number of a name in a file of the form of passwd(5) or group(5), where it is the third field. The first line with the name counts,
 * as in the C library. `undefined`: no such line; `null`: its number is none.
 */
export const findId = (file: string, text: string | undefined, name: string): number | null | undefined => {
  if (text === undefined) return;
  if (text.length > MAX_NAME_FILE) throw nameFileTooLarge(file, text.length, MAX_NAME_FILE);
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name}:`));
  return line === undefined ? undefined : (parseId(line.split(':', 3)[2] ?? '') ?? null);
};

/** A decimal uid or gid, written the one way it can be; `undefined` for everything else: `007`, `-1`, `0x0`, `4294967295`, nothing. */
export const parseId = (text: string): number | undefined => {
  if (!/^(?:0|[1-9][0-9]{0,9})$/.test(text)) return;
  const number = Number(text);
  return number <= MAX_ID ? number : undefined;
};
