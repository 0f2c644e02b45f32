import {readUuidFile} from '../pod/verbs/read-uuid-file.ts';
import {EXIT_RKT} from '../rkt-error.ts';
import {argumentMissing, argumentUnexpected, flagConflict} from './errors.ts';

/** As in rkt: of `logs`, `status` and `stop`, if the file cannot be read. */
export const EXIT_UUID_FILE = 1;

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

/** {@link podArguments} of a command that has `--all`: then every pod that fits. @throws RKT_FLAG_CONFLICT */
export const podsOrAll = (
  all: boolean,
  fitting: () => readonly string[],
  ...given: Parameters<typeof podArguments>
): readonly string[] => {
  if (!all) return podArguments(...given);
  const [, [first], uuidFile] = given;
  if (first !== undefined) throw flagConflict('--all', first);
  if (uuidFile !== undefined) throw flagConflict('--all', '--uuid-file');
  return fitting();
};
