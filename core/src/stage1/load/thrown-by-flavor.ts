import {flavorDenied, flavorOutOfMemory, flavorUnreadable} from '../errors.ts';
import {placeIn} from './place-in.ts';

/** What bin/serve-hooks.cjs tells of an error; whatever a flavor makes of it. */
type Told = Readonly<Record<string, unknown>>;

const OUT_OF_MEMORY = /heap out of memory|array buffer allocation failed|allocate memory|bad_alloc/i;

/** Whether the last words of a program, or the message of an error, are about memory. */
export const isAboutMemory = (text: string): boolean => OUT_OF_MEMORY.test(text);

/**
 * The error that a flavor has thrown in its own process, with its stack, and as `place` file and line of the flavor's.
 * @param directory of the flavor's package
 * @returns RKT_FLAVOR_DENIED, RKT_FLAVOR_OUT_OF_MEMORY, RKT_FLAVOR_UNREADABLE for what the flavor may not
 */
export const thrownByFlavor = (flavor: string, hook: string, told: Told, directory: string): Error => {
  const error = revived(told);
  const place = placeIn(directory, error);
  const found = place === undefined ? error : Object.assign(error, {place});
  if (told.code === 'ERR_ACCESS_DENIED' || told.code === 'ERR_DLOPEN_DISABLED') {
    return flavorDenied(flavor, hook, {permission: text(told.permission), resource: text(told.resource)}, found);
  }
  if (told.code === 'EACCES') return flavorUnreadable(flavor, hook, found, directory);
  return isAboutMemory(found.message) ? flavorOutOfMemory(flavor, hook, found) : found;
};

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Causes of causes that are told; a flavor may have written the answer itself. */
const DEPTH = 8;

const revived = ({name, message, stack, code, hint, fields, cause}: Told, depth = 0): Error => {
  const isTold = typeof cause === 'object' && cause !== null && depth < DEPTH;
  const of = isTold ? {cause: revived(cause as Told, depth + 1)} : undefined;
  const error = new Error(text(message), of);
  error.stack = text(stack) === '' ? `${text(name) || 'Error'}: ${text(message)}` : text(stack);
  const more = {code, hint, fields: typeof fields === 'object' && fields !== null ? fields : undefined};
  return Object.assign(error, more);
};
