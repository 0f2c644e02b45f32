import {readFileSync} from 'node:fs';
import type {Uuid} from '../../contract/names.ts';
import {uuidInvalid} from '../errors.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const isUuid = (text: string): text is Uuid => UUID.test(text);

/** A random UUID (version 4) from the kernel: loading the crypto module would cost more than all the rest of `prepare`. */
export const newUuid = (): Uuid => {
  const text = readFileSync('/proc/sys/kernel/random/uuid', 'latin1').trim();
  if (!isUuid(text)) throw new Error(`the kernel gave no UUID: ${JSON.stringify(text)}`);
  return text;
};

/** Takes the place of a random one where there is no pod, so that the same question gets the same answer. */
export const NO_POD = '00000000-0000-0000-0000-000000000000' as Uuid;

/**
 * The beginning of a UUID as a person types it, in lower case: digits, and hyphens where a UUID has them.
 * @throws RKT_POD_UUID_INVALID for anything else, control characters and path separators above all
 */
export const parseUuidPrefix = (text: string): string => {
  const prefix = text.toLowerCase();
  const fits =
    prefix.length > 0 &&
    prefix.length <= NO_POD.length &&
    [...prefix].every((character, index) => (NO_POD[index] === '-' ? character === '-' : /^[0-9a-f]$/.test(character)));
  if (!fits) throw uuidInvalid(text);
  return prefix;
};
