import {RktError} from '../rkt-error.ts';

/** The rkt command that a program has called ended without an error of its own: it was killed, or cannot be started here. */
export const callEnded = (command: string, exitCode: number | null, signal: string | null, said: string) =>
  new RktError('RKT_CALL_ENDED', `rkt ${command} ended with ${signal ?? `exit code ${exitCode}`}: ${said}`, {
    command,
    status: exitCode,
    signal,
    said,
    hint: 'find out what has ended it; "rkt gc" removes what it has left',
  });

/** A value of a program's call means something else, or nothing, on the command line. */
export const requestInvalid = (option: string, value: unknown, because: string) =>
  new RktError('RKT_REQUEST_INVALID', `${option}: ${JSON.stringify(value)} ${because}`, {
    option,
    value,
    because,
    hint: 'correct the call; the types of @rkt/core say what is possible',
  });
