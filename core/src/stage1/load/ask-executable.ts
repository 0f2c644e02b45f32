import path from 'node:path';
import {stranger} from '../../image/sandbox.ts';
import {isolated} from '../../linux/isolated.ts';
import {O_PATH, openHost} from '../../linux/openat2.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {untilWeEnd} from '../../linux/until-we-end.ts';
import {flavorAnswerInvalid, flavorFailed, flavorPlanTooLarge, flavorTimedOut} from '../errors.ts';
import {MAX_PLAN} from './plain-steps.ts';

/** Milliseconds that one answer may take, as a hook of a flavor in JavaScript. */
const LIMIT = 10_000;
const MAX_MESSAGE = 4096;

/** A flavor in any language, to be asked. */
export interface Executable {
  /** Of the host. */
  readonly source: string;
  /** For errors. */
  readonly name: string;
}

/**
 * Asks an executable for one hook: the request is one JSON object on its standard input, the answer one JSON value on its standard output. It runs as nobody, sees itself and the host's programs
 * read-only, no network, no /proc, no other process, and ends with the answer.
 * @throws RKT_FLAVOR_ANSWER_INVALID, RKT_FLAVOR_FAILED, RKT_FLAVOR_TIMED_OUT, RKT_FLAVOR_PLAN_TOO_LARGE
 */
export const askExecutable = ({source, name}: Executable, hook: string, request: object, limit = LIMIT): unknown => {
  const {spawnSync} = process.getBuiltinModule('node:child_process');
  using file = openHost(source, O_PATH);
  const {file: program, args, shown, env} = stranger({at: `/flavor/${path.basename(source)}`, file});
  const held = process.geteuid?.() === 0 ? untilWeEnd(program, args) : {file: program, args};
  const {status, signal, stdout, stderr, error} = isolated(
    shown,
    () =>
      spawnSync(held.file, held.args, {
        cwd: '/',
        env,
        stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
        input: JSON.stringify({hook, ...request}),
        timeout: limit,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_PLAN,
      }),
    {offline: true},
  );
  if (isErrno(error, 'ETIMEDOUT')) throw flavorTimedOut(name, hook, limit);
  if (isErrno(error, 'ENOBUFS')) throw flavorPlanTooLarge(name, `.${hook}`, 'bytes', undefined, MAX_PLAN);
  // It need not read what it does not want to know.
  if (error !== undefined && !isErrno(error, 'EPIPE')) throw flavorFailed(name, hook, error);
  if (status !== 0) throw flavorFailed(name, hook, new Error(ended(status, signal, stderr)));
  return parse(name, hook, stdout);
};

const ended = (status: number | null, signal: string | null, stderr: Buffer): string => {
  const said = stderr.subarray(-MAX_MESSAGE).toString('utf8').trim().split('\n').at(-1) ?? '';
  return `${signal ?? `exit status ${status}`}${said === '' ? '' : `: ${said}`}`;
};

const parse = (name: string, hook: string, answer: Buffer): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(answer));
  } catch (cause) {
    throw flavorAnswerInvalid(name, hook, answer.length === 0 ? 'nothing' : 'what is not one JSON value', cause);
  }
};
