import type {RktError} from '../../rkt-error.ts';
import {flavorTimedOut} from '../errors.ts';
import {watched} from './watched.ts';
import {TimedOut, withinTime} from './within-time.ts';

/** Milliseconds that a hook of a flavor may take; those of ours take less than one. */
const LIMIT = 10_000;
/** And those that one has to give up after that, before the process does. */
const GRACE = 2000;

export interface Guarding {
  readonly milliseconds?: number | undefined;
  /** An error as the operator is to be told it. */
  readonly describe?: ((error: RktError) => string) | undefined;
}

const plainly = ({message, code}: RktError): string => `rkt: ${message}\ncode: ${code}\n`;

/**
 * Calls code of a flavor that may never return. What computes for ever is ended by an error; what waits in the kernel for ever, by the same one as the last words of
 * the process.
 * @param hook what it is a part of
 * @throws RKT_FLAVOR_TIMED_OUT, and what the code throws
 */
export const guard = <T>(
  flavor: string,
  hook: string,
  call: () => T,
  {milliseconds = LIMIT, describe = plainly}: Guarding = {},
): T => {
  const error = flavorTimedOut(flavor, hook, milliseconds);
  try {
    return watched(describe(error), milliseconds + GRACE, () => withinTime(call, milliseconds));
  } catch (thrown) {
    throw thrown instanceof TimedOut ? error : thrown;
  }
};
