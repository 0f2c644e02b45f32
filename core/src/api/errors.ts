import {RktError} from '../rkt-error.ts';

/** The command has ended without a word: it was killed, or cannot be started here. */
export const callEnded = (command: string, exitCode: number | null, signal: string | null, said: string) =>
  new RktError('RKT_CALL_ENDED', `rkt ${command} ended with ${signal ?? `exit code ${exitCode}`}: ${said}`, {
    command,
    status: exitCode,
    signal,
    said,
    hint: 'see what has ended it; "rkt gc" removes what it has left',
  });

/** What was asked for would mean something else to the command. */
export const requestInvalid = (option: string, value: unknown, because: string) =>
  new RktError('RKT_REQUEST_INVALID', `${option}: ${JSON.stringify(value)} ${because}`, {
    option,
    value,
    because,
    hint: 'correct the call; the types of @rkt/core say what there is',
  });
