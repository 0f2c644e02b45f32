import {errnoText} from '../linux/errno-text.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {RktError} from '../rkt-error.ts';

const help = (command: string): string => `see "rkt help${command === '' ? '' : ` ${command}`}"`;

const orMeant = (suggestions: readonly string[], otherwise: string): string =>
  suggestions.length > 0 ? `did you mean ${suggestions.join(' or ')}?` : otherwise;

type SystemError = Error & {readonly path?: unknown};

const whereOf = ({path}: SystemError): string => (typeof path === 'string' ? `: ${path}` : '');

/** Arguments for an app stand where there is no image for them. */
export const appArgumentsMisplaced = (command: string, because: string) =>
  new RktError('RKT_APP_ARGUMENTS_MISPLACED', `"--": ${because}`, {
    command,
    because,
    hint: 'write IMAGE [flags] -- ARGS… --- IMAGE2 …',
  });

/** An argument is the empty string, mostly an unset variable of a script. */
export const argumentEmpty = (command: string) =>
  new RktError('RKT_ARGUMENT_EMPTY', `an argument is the empty string`, {
    command,
    hint: 'leave it out; in a script, a variable is probably not set',
  });

/** A command lacks an argument. `what` as in its usage: `UUID`. */
export const argumentMissing = (command: string, what: string) =>
  new RktError('RKT_ARGUMENT_MISSING', `${what} is missing`, {command, what, hint: help(command)});

/** A command got an argument it has no use for. */
export const argumentUnexpected = (command: string, value: string) =>
  new RktError('RKT_ARGUMENT_UNEXPECTED', `unexpected argument "${value}"`, {
    command,
    value,
    hint: help(command),
  });

/** A prefix fits several commands. */
export const commandAmbiguous = (command: string, candidates: readonly string[]) =>
  new RktError('RKT_COMMAND_AMBIGUOUS', `"${command}" may be ${candidates.join(', ')}`, {
    command,
    candidates,
    hint: 'type more letters of it',
  });

/** `rkt` or `rkt image` without a command. Exits 2 as in rkt. */
export const commandMissing = (group: string, candidates: readonly string[]) =>
  new RktError('RKT_COMMAND_MISSING', `${group === '' ? 'missing command' : `${group}: missing command`}`, {
    group,
    candidates,
    hint: `one of: ${candidates.join(', ')}`,
    exitCode: 2,
  });

/** No command of that name. */
export const commandUnknown = (
  command: string,
  suggestions: readonly string[],
  hint = orMeant(suggestions, 'see "rkt help" for all commands'),
) => new RktError('RKT_COMMAND_UNKNOWN', `unknown command "${command}"`, {command, suggestions, hint});

/** A disk or file system fails: it does not give what is on it, has become read-only, or finds itself damaged. */
export const diskFailed = (because: string, cause: SystemError) =>
  new RktError('RKT_DISK_FAILED', `a disk or file system fails${whereOf(cause)}: ${because}`, {
    ...(typeof cause.path === 'string' ? {path: cause.path} : {}),
    because,
    cause,
    hint: 'see what the kernel says about it (dmesg); once it works again, `rkt image verify` tells which images are damaged',
  });

/** `rkt help` is asked about a code that no error of this rkt has. */
export const errorCodeUnknown = (code: string, suggestions: readonly string[]) =>
  new RktError('RKT_ERROR_CODE_UNKNOWN', `no error of this rkt has the code ${code}`, {
    code,
    suggestions,
    hint: orMeant(suggestions, 'flavors of others have codes of their own: see their documentation'),
  });

/** A boolean flag with a value that is none. */
export const flagBooleanInvalid = (command: string, flag: string, value: string) =>
  new RktError('RKT_FLAG_BOOLEAN_INVALID', `--${flag}=${value}: not a boolean`, {
    command,
    flag,
    value,
    hint: `write --${flag}, --${flag}=true or --${flag}=false`,
  });

/** A value outside the list of what a flag takes. */
export const flagChoiceInvalid = (command: string, flag: string, value: string, choices: readonly string[]) =>
  new RktError('RKT_FLAG_CHOICE_INVALID', `--${flag}=${value}: not one of ${choices.join(', ')}`, {
    command,
    flag,
    value,
    choices,
    hint: `choose one of ${choices.join(', ')}`,
  });

/** Two flags, or a flag and an argument, that exclude each other. */
export const flagConflict = (first: string, second: string, hint = 'leave one of them out') =>
  new RktError('RKT_FLAG_CONFLICT', `${first} and ${second} exclude each other`, {
    first,
    second,
    hint,
  });

/** A file named by a flag cannot be used. */
export const fileUnusable = (flag: string, path: string, because: string, cause?: unknown) =>
  new RktError('RKT_FLAG_FILE_UNUSABLE', `--${flag}: ${path}: ${because}`, {
    flag,
    path,
    because,
    cause,
    hint: 'check the path, its permissions and its size',
  });

/** A per-app flag stands before the first image. */
export const flagImageFirst = (flag: string) =>
  new RktError('RKT_FLAG_IMAGE_FIRST', `--${flag} must follow an image`, {
    flag,
    hint: `write IMAGE --${flag}…: it belongs to the image before it${flag === 'name' ? '; a name for the pod is --pod-name' : ''}`,
  });

/** A flag of a command after the argument that ends its flags. `right` is how to write it. */
export const flagMisplaced = (command: string, flag: string, right: string) =>
  new RktError('RKT_FLAG_MISPLACED', `${flag} stands where the program to run is expected`, {
    command,
    flag,
    hint: `flags come first: ${right}`,
  });

/** A flag that may be given once (for each image, if it belongs to one). */
export const flagRepeated = (flag: string, value: string) =>
  new RktError('RKT_FLAG_REPEATED', `--${flag}=${value}: --${flag} was given before`, {
    flag,
    value,
    hint: `give --${flag} once for each image`,
  });

/** A flag that belongs to a later command: `prepare` does not take those of `run-prepared`. `hint` says where it goes. */
export const flagTooEarly = (command: string, flag: string, hint: string) =>
  new RktError('RKT_FLAG_TOO_EARLY', `${command} takes no --${flag} yet`, {command, flag, hint});

/** No flag of that name. `flag` is as typed, with its hyphens. */
export const flagUnknown = (
  command: string,
  flag: string,
  suggestions: readonly string[],
  hint = orMeant(suggestions, help(command)),
) => new RktError('RKT_FLAG_UNKNOWN', `unknown flag ${flag}`, {command, flag, suggestions, hint});

/** A flag of rkt that is not implemented yet. */
export const flagUnsupported = (flag: string, because: string) =>
  new RktError('RKT_FLAG_UNSUPPORTED', `--${flag}: ${because}`, {flag, because, hint: `leave --${flag} out`});

/** A value that does not parse. `because` says what is wrong with it; `hint` shows a right one. */
export const flagValueInvalid = (flag: string, value: string, because: string, hint: string) =>
  new RktError('RKT_FLAG_VALUE_INVALID', `--${flag}=${value}: ${because}`, {flag, value, because, hint});

/** A flag at the end of the line that wants a value. */
export const flagValueMissing = (command: string, flag: string, placeholder: string) =>
  new RktError('RKT_FLAG_VALUE_MISSING', `--${flag} needs a value`, {
    command,
    flag,
    hint: `write --${flag}=${placeholder}`,
  });

/** `run`, `prepare` or `plan` without anything to run. */
export const imageMissing = () =>
  new RktError('RKT_IMAGE_MISSING', 'an image or --pod-manifest is missing', {
    hint: 'name at least one image: an ID, a name or a path',
  });

/** A bug in rkt: something threw that is not one of its errors. */
export const internal = (cause: unknown) =>
  new RktError('RKT_INTERNAL', `internal error: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
    hint: 'this is a bug in rkt; --debug shows where it happened',
  });

/** No case of the kit has this ID, or fits this pattern. */
export const kitCaseUnknown = (asked: string) =>
  new RktError('RKT_KIT_CASE_UNKNOWN', `no case fits "${asked}"`, {
    asked,
    hint: 'see "rkt flavor test FLAVOR --list"; "*" is anything in a pattern',
  });

/** The package with the kit is not installed beside rkt. */
export const kitMissing = (name: string) =>
  new RktError('RKT_KIT_MISSING', `${name}, which has the test cases, is not installed beside rkt`, {
    name,
    hint: `npm install ${name}`,
  });

const LIMITS = {EFBIG: ['size of files', '-f'], EMFILE: ['number of open files', '-n']} as const;
export type LimitError = keyof typeof LIMITS;

/** rkt's caller has given it less than it needs (getrlimit(2)). */
export const limitTooLow = (code: LimitError, cause: SystemError) =>
  new RktError('RKT_LIMIT_TOO_LOW', `the limit of the ${LIMITS[code][0]} is too low for rkt${whereOf(cause)}`, {
    limit: LIMITS[code][0],
    cause,
    hint: `raise it for rkt (ulimit ${LIMITS[code][1]} shows it); the limits of an app are set by --rlimit`,
  });

/** A file system is full, or its quota is used up. */
export const noSpace = (cause: SystemError) =>
  new RktError(
    'RKT_NO_SPACE',
    `${isErrno(cause, 'EDQUOT') ? 'the quota is used up' : 'no space left'}${whereOf(cause)}`,
    {
      ...(typeof cause.path === 'string' ? {path: cause.path} : {}),
      cause,
      hint: 'make space (df -h, df -i): rkt gc, rkt image gc, or --dir on another file system',
    },
  );

const unwritten = (cause: unknown): string => {
  if (isErrno(cause, 'ENOSPC', 'EDQUOT')) return 'no space is left';
  return errnoText(cause) ?? (cause instanceof Error ? cause.message : String(cause));
};

/** Standard output cannot be written, for instance because its disk is full. A reader that went away is no error. */
export const outputFailed = (cause: unknown) =>
  new RktError('RKT_OUTPUT_FAILED', `standard output cannot be written: ${unwritten(cause)}`, {
    cause,
    hint: 'check where the output goes',
  });

/** Bytes would go to a terminal. */
export const outputIsTerminal = (command: string) =>
  new RktError('RKT_OUTPUT_IS_TERMINAL', 'standard output is a terminal, and the output is not text', {
    command,
    hint: 'send it to a file or a pipe: rkt image export IMAGE - > FILE.aci',
  });

/** The system refused a path. */
export const pathUnusable = (path: string, because: string, cause: unknown) =>
  new RktError('RKT_PATH_UNUSABLE', `${path}: ${because}`, {
    path,
    because,
    cause,
    hint:
      isErrno(cause, 'EACCES') && process.geteuid?.() !== 0
        ? 'run it as root, or check the path and its permissions'
        : 'check the path, its permissions and its file system',
  });

/** `rkt completion` for a shell that there is no script for. */
export const shellUnknown = (shell: string, shells: readonly string[]) =>
  new RktError('RKT_SHELL_UNKNOWN', `no completion for "${shell}"`, {
    shell,
    shells,
    hint: `choose one of ${shells.join(', ')}`,
  });
