import {errnoText} from '../linux/errno-text.ts';
import {isOutOfSpace} from '../linux/out-of-space.ts';
import {isErrno, isSystemError} from '../linux/syscall-error.ts';
import {RktError} from '../rkt-error.ts';
import type {Format} from './context.ts';
import {diskFailed, internal, limitTooLow, noSpace, pathUnusable} from './errors.ts';
import {escapeJson, escapeText} from './escape-text.ts';
import {sourceStack} from './source-stack.ts';
import {paint, wantsColour} from './terminal.ts';
import {write} from './write.ts';

/** Whatever was thrown, as an error with a code. */
export const toRktError = (thrown: unknown): RktError => {
  if (thrown instanceof RktError) return thrown;
  if (isOutOfSpace(thrown)) return noSpace(thrown);
  for (const code of ['EFBIG', 'EMFILE'] as const)
    if (thrown instanceof Error && isErrno(thrown, code)) return limitTooLow(code, thrown);
  const failure = failureOfDisk(thrown);
  if (failure !== undefined) return failure;
  const [path, because] = refusedPath(thrown);
  return path === undefined || because === undefined ? internal(thrown) : pathUnusable(path, because, thrown);
};

const DISK_FAILURES = ['EBADMSG', 'EIO', 'ESTALE', 'EUCLEAN'];

/** What is on a file system that has been mounted read-only is refused like any path; one that is refused to who has opened it has become so. */
const failureOfDisk = (thrown: unknown): RktError | undefined => {
  if (!(thrown instanceof Error) || !isSystemError(thrown)) return undefined;
  const fails =
    isErrno(thrown, ...DISK_FAILURES) || (isErrno(thrown, 'EROFS') && (thrown as {path?: unknown}).path === undefined);
  const because = errnoText(thrown);
  return fails && because !== undefined ? diskFailed(because, thrown) : undefined;
};

/** What the system refused because of how the host is. That something has vanished is not among it: it may be a fault of ours. */
const refusedPath = (thrown: unknown): readonly [path?: string, because?: string | undefined] =>
  isCurrentDirectoryGone(thrown)
    ? ['.', 'the current directory has been removed']
    : thrown instanceof Error &&
        'path' in thrown &&
        typeof thrown.path === 'string' &&
        !isErrno(thrown, 'ENOENT', 'EEXIST')
      ? [thrown.path, errnoText(thrown)]
      : [];

/** What libuv says of getcwd(3): a path that was typed begins nowhere. */
const isCurrentDirectoryGone = (thrown: unknown): boolean =>
  isErrno(thrown, 'ENOENT') && (thrown as NodeJS.ErrnoException).syscall === 'uv_cwd';

/** How an error is to be told. */
export interface Telling {
  readonly format: Format;
  readonly debug: boolean;
  /** Where an error is written. Default: standard error. */
  readonly errorFd?: number;
  /** Name of the command; empty before it is known. */
  readonly command: string;
}

/** Writes an error where it is to be told: what, what to do, code; one line of JSON if a machine reads. Returns the exit code. */
export const reportError = (thrown: unknown, how: Telling): number => {
  const error = toRktError(thrown);
  try {
    write(how.errorFd ?? 2, describeError(error, how));
  } catch {
    // Nobody can be told; the exit code remains.
  }
  return error.exitCode;
};

/** An error as standard error gets it. */
export const describeError = (error: RktError, how: Telling): string =>
  how.format === 'text' ? renderError(error, how, wantsColour(2)) : `${errorJson(error, how)}\n`;

/** The lines of an error. Lines after the first are indented, so that none can pose as another message. */
const renderError = (error: RktError, {command, debug}: Telling, colour: boolean): string => {
  const name = `${['rkt', ...(command === '' ? [] : [command])].join(' ')}:`;
  const label = colour ? paint(name, 'red') : name;
  const [first = '', ...more] = lines(error.message);
  return [
    `${label} ${first}`,
    ...more.map((line) => `     ${line}`),
    ...lines(error.hint ?? '')
      .filter((line) => line !== '')
      .map((line, index) => `${index === 0 ? 'hint:' : '     '} ${line}`),
    `code: ${error.code}`,
    ...(debug ? chain(error).map((line) => `      ${line}`) : []),
  ]
    .map((line) => `${line}\n`)
    .join('');
};

const lines = (text: string): string[] => text.split('\n').map(escapeText);

/** The stack of an error and of what caused it. */
const chain = (error: unknown, depth = 0): string[] => {
  if (error === undefined || depth > 8) return [];
  if (!(error instanceof Error)) return lines(`caused by ${String(error)}`);
  const fields = error instanceof RktError ? lines(`fields: ${stringify(error.fields)}`) : [];
  return [
    ...lines(
      `${depth === 0 ? '' : 'caused by '}${error.stack === undefined ? error.message : sourceStack(error.stack)}`,
    ),
    ...fields,
    ...chain(error.cause, depth + 1),
  ];
};

const errorJson = (error: RktError, {command, debug, format}: Telling): string => {
  const {code, message, hint, fields} = error;
  const all = {code, message, hint, command, fields, ...(debug ? {causes: chain(error)} : {})};
  return escapeJson(stringify(all, format === 'json-pretty' ? 2 : undefined));
};

/** JSON of anything: big integers as strings, what refers to itself as text. */
const stringify = (value: unknown, indent?: number): string => {
  try {
    return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner), indent);
  } catch {
    return JSON.stringify(String(value));
  }
};
