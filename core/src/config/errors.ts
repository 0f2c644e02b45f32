import {RktError} from '../rkt-error.ts';

/** A configuration directory is no directory, or cannot be read. */
export const configDirectoryUnreadable = (directory: string, cause: unknown) =>
  new RktError('RKT_CONFIG_DIRECTORY_UNREADABLE', `configuration directory ${directory} cannot be read`, {
    directory,
    cause,
    hint: 'check that it is a directory, and its permissions',
  });

/** Two files of one directory set the same thing. */
export const configDuplicate = (file: string, kind: string, key: string, earlier: string) =>
  new RktError('RKT_CONFIG_DUPLICATE', `${file}: ${kind} "${key}" is set in ${earlier} already`, {
    file,
    kind,
    key,
    earlier,
    hint: 'keep one of the two; a later layer (system, local, user) may override an earlier one',
  });

/** A field is missing, unknown or wrong. `path` as in `credentials.user`, empty for the whole. */
export const configFieldInvalid = (file: string, path: string, problem: string) =>
  new RktError('RKT_CONFIG_FIELD_INVALID', `${file}: ${path === '' ? '' : `${path}: `}${problem}`, {
    file,
    path,
    problem,
    hint: 'correct the file',
  });

/** A name that no field of a file has. `path` as in `credentials.usr`. */
export const configFieldUnknown = (file: string, path: string, suggestions: readonly string[]) =>
  new RktError('RKT_CONFIG_FIELD_UNKNOWN', `${file}: unknown field "${path}"`, {
    file,
    path,
    suggestions,
    hint:
      suggestions.length > 0
        ? `did you mean ${suggestions.map((name) => `"${name}"`).join(' or ')}?`
        : 'correct the file',
  });

/** A file's kind does not belong in its directory, or is unknown. */
export const configKindUnknown = (file: string, kind: string, allowed: readonly string[]) =>
  new RktError('RKT_CONFIG_KIND_UNKNOWN', `${file}: rktKind "${kind}" is not one of ${allowed.join(', ')}`, {
    file,
    kind,
    allowed,
    hint: 'correct rktKind, or move the file to the directory of its kind',
  });

/** A file is no JSON object. `place` as in `line 4 column 5`, if the parser tells. */
export const configMalformed = (file: string, place: string | undefined, cause: unknown) =>
  new RktError('RKT_CONFIG_MALFORMED', `${file}: not a JSON object${place === undefined ? '' : `, at ${place}`}`, {
    file,
    ...(place === undefined ? {} : {place}),
    cause,
    hint: 'correct the file',
  });

/** Something has the name of a file of the configuration and is a link, or no regular file. It is not passed over: what it says may restrict something. */
export const configNotRegular = (file: string) =>
  new RktError('RKT_CONFIG_NOT_REGULAR', `${file}: not a regular file`, {
    file,
    hint: 'put the file itself there, or remove this',
  });

/** A file is larger than a configuration can be. */
export const configTooLarge = (file: string, limit: number) =>
  new RktError('RKT_CONFIG_TOO_LARGE', `${file}: larger than ${limit} bytes`, {file, limit, hint: 'split the file'});

/** A file cannot be read. */
export const configUnreadable = (file: string, cause: unknown) =>
  new RktError('RKT_CONFIG_UNREADABLE', `${file}: cannot be read`, {
    file,
    cause,
    hint: 'run rkt as a user who may read it; files with credentials are mostly readable by root alone',
  });

/** A version of the file format that this rkt does not know. */
export const configVersionUnknown = (file: string, kind: string, version: string) =>
  new RktError('RKT_CONFIG_VERSION_UNKNOWN', `${file}: rktVersion "${version}" of kind "${kind}" is unknown`, {
    file,
    kind,
    version,
    hint: 'write "rktVersion": "v1"',
  });
