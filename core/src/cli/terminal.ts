import {fstatSync} from 'node:fs';
import type {Style} from './context.ts';

/** Major number of /dev/null and its like, which are character devices and no terminals. */
const MEMORY_DEVICES = 1;

/** Whether colours may be written: a terminal, and neither NO_COLOR nor TERM=dumb. (`node:tty` would cost 3 ms.) */
export const wantsColour = (descriptor: 1 | 2, environment: NodeJS.ProcessEnv = process.env): boolean => {
  return (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb' && isTerminal(descriptor);
};

/** Whether somebody reads what is written there. */
export const isTerminal = (descriptor: number): boolean => {
  try {
    const status = fstatSync(descriptor);
    return status.isCharacterDevice() && status.rdev >> 8 !== MEMORY_DEVICES;
  } catch {
    // Closed by the caller: nothing will be read.
    return false;
  }
};

const CODES: Readonly<Record<Style, number>> = {bold: 1, dim: 2, red: 31, green: 32, yellow: 33};

/** Wraps escaped text in a colour. */
export const paint = (text: string, style: Style): string => `\x1b[${CODES[style]}m${text}\x1b[0m`;
