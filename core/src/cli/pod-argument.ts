import {readUuidFile} from '../pod/verbs/read-uuid-file.ts';
import {EXIT_RKT} from '../rkt-error.ts';
import {argumentMissing, argumentUnexpected} from './errors.ts';

/**
 * The pods that a command is about: as typed, or the one of `--uuid-file`.
 * @param exitCode if the file cannot be read
 */
export const podArguments = (
  command: string,
  positionals: readonly string[],
  uuidFile: string | undefined,
  exitCode = EXIT_RKT,
): readonly string[] => {
  const [first] = positionals;
  if (uuidFile === undefined) {
    if (first === undefined) throw argumentMissing(command, 'UUID');
    return positionals;
  }
  if (first !== undefined) throw argumentUnexpected(command, first);
  return [readUuidFile(uuidFile, exitCode)];
};

/** {@link podArguments} of a command that takes one. */
export const podArgument = (...given: Parameters<typeof podArguments>): string => {
  const [one = '', extra] = podArguments(...given);
  if (extra !== undefined) throw argumentUnexpected(given[0], extra);
  return one;
};
