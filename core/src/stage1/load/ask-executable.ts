import path from 'node:path';
import {stranger} from '../../image/sandbox.ts';
import {O_PATH, openHost} from '../../linux/openat2.ts';
import {pidfdOpen, pidfdWait} from '../../linux/pidfd.ts';
import {pipe} from '../../linux/pipe.ts';
import {signalNumbers} from '../../linux/signal-numbers.ts';
import {untilWeEnd} from '../../linux/until-we-end.ts';
import {flavorAnswerInvalid, flavorFailed, flavorPlanTooLarge, flavorTimedOut} from '../errors.ts';
import type {Ends} from './exchange.ts';
import {type Patience, patience, type Waited} from './patience.ts';
import {MAX_PLAN} from './plain-steps.ts';
import {type Stranger, startStranger} from './start-stranger.ts';

/** Milliseconds that one answer may take, as a hook of a flavor in JavaScript ({@link patience}). */
const LIMIT = 10_000;
const MAX_MESSAGE = 4096;

/** A flavor in any language, to be asked. */
export interface Executable {
  /** Of the host. */
  readonly source: string;
  /** For errors. */
  readonly name: string;
}

interface Options {
  /** Milliseconds that the answer may take. Default: ten seconds. */
  readonly limit?: number;
  /** With this flavor before. Default: nothing. */
  readonly waited?: Waited | undefined;
}

/**
 * Asks an executable for one hook: the request is one JSON object on its standard input, the answer one JSON value on its standard output. It runs as nobody, sees itself and the host's programs
 * read-only, no network, no /proc, no other process, and ends with the answer.
 * @throws RKT_FLAVOR_ANSWER_INVALID, RKT_FLAVOR_FAILED, RKT_FLAVOR_TIMED_OUT, RKT_FLAVOR_PLAN_TOO_LARGE
 */
export const askExecutable = (
  flavor: Executable,
  hook: string,
  request: object,
  {limit = LIMIT, waited}: Options = {},
): unknown => {
  const {name} = flavor;
  using held = new DisposableStack();
  const {pid, ask, takeMessages, end} = start(flavor, held);
  held.defer(end);
  const waiting = patience(pid ?? 0, limit, waited);
  const {because, bytes} = ask(Buffer.from(JSON.stringify({hook, ...request})), waiting, true);
  const isLate = because === 'late' || (because === 'end' && !hasEnded(pid, waiting));
  const how = named(end());
  const said = takeMessages().trim().split('\n').at(-1)?.slice(-MAX_MESSAGE) ?? '';
  if (isLate || how === 'SIGXCPU') throw flavorTimedOut(name, hook, limit);
  if (because === 'long') throw flavorPlanTooLarge(name, `.${hook}`, 'bytes', undefined, MAX_PLAN);
  if (how !== 'exit status 0') throw flavorFailed(name, hook, new Error(`${how}${said === '' ? '' : `: ${said}`}`));
  return parse(name, hook, bytes);
};

/** @param held closes what has to be open while it runs */
const start = ({source}: Executable, held: DisposableStack): Stranger => {
  const file = held.use(openHost(source, O_PATH));
  const {read, write} = pipe();
  for (const fd of [read, write]) held.use(fd);
  const {file: program, args, shown, env} = stranger({at: `/flavor/${path.basename(source)}`, file});
  const command = process.geteuid?.() === 0 ? untilWeEnd(program, args) : {file: program, args};
  const stdio = ({questions, answers, messages}: Ends) =>
    [questions, answers, messages, write].map(({number}) => number);
  return startStranger({...command, shown, env, stdio});
};

/** Whoever has said all need not end. */
const hasEnded = (pid: number | undefined, waiting: Patience): boolean => {
  if (pid === undefined) return true;
  using program = pidfdOpen(pid);
  for (;;) {
    const isOver = waiting.isOver();
    if (pidfdWait(program, isOver ? 0 : waiting.tick)) return true;
    if (isOver) return false;
  }
};

/** A shell says 128 and its number of who was killed by a signal. */
const named = (how: string): string => {
  const number = Number(/^exit status (\d+)$/.exec(how)?.[1]) - 128;
  return Object.entries(signalNumbers()).find(([, each]) => each === number)?.[0] ?? how;
};

const parse = (name: string, hook: string, answer: Buffer): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(answer));
  } catch (cause) {
    throw flavorAnswerInvalid(name, hook, answer.length === 0 ? 'nothing' : 'what is not one JSON value', cause);
  }
};
