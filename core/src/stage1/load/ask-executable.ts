import type {ChildProcess} from 'node:child_process';
import path from 'node:path';
import {stranger} from '../../image/sandbox.ts';
import {childEnd} from '../../linux/child-end.ts';
import {closeOnExecFrom} from '../../linux/fd-flags.ts';
import {isolated} from '../../linux/isolated.ts';
import {O_PATH, openHost} from '../../linux/openat2.ts';
import {pidfdOpen, pidfdWait} from '../../linux/pidfd.ts';
import {pipe} from '../../linux/pipe.ts';
import {signalNumbers} from '../../linux/signal-numbers.ts';
import {untilWeEnd} from '../../linux/until-we-end.ts';
import {flavorAnswerInvalid, flavorFailed, flavorPlanTooLarge, flavorTimedOut} from '../errors.ts';
import {CHUNK, type Ends, exchangeBy} from './exchange.ts';
import {type Patience, patience, type Waited} from './patience.ts';
import {MAX_PLAN} from './plain-steps.ts';

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
  using ours = new DisposableStack();
  const {child, ends} = start(flavor, ours);
  const end = endOnce(child);
  ours.defer(end);
  const waiting = patience(child.pid ?? 0, limit, waited);
  const {ask, takeMessages} = exchangeBy(ends);
  const {because, bytes} = ask(Buffer.from(JSON.stringify({hook, ...request})), waiting, true);
  const isLate = because === 'late' || (because === 'end' && !hasEnded(child, waiting));
  const how = end();
  const said = takeMessages().trim().split('\n').at(-1)?.slice(-MAX_MESSAGE) ?? '';
  if (isLate || how === 'SIGXCPU') throw flavorTimedOut(name, hook, limit);
  if (because === 'long') throw flavorPlanTooLarge(name, `.${hook}`, 'bytes', undefined, MAX_PLAN);
  if (how !== 'exit status 0') throw flavorFailed(name, hook, new Error(`${how}${said === '' ? '' : `: ${said}`}`));
  return parse(name, hook, bytes);
};

/** @param ours closes what this process has of it, and what has to be open while it runs */
const start = ({source}: Executable, ours: DisposableStack): {readonly child: ChildProcess; readonly ends: Ends} => {
  const {spawn} = process.getBuiltinModule('node:child_process');
  closeOnExecFrom(3);
  using theirs = new DisposableStack();
  const [questions, answers, messages, held] = [pipe({bytes: CHUNK}), pipe({bytes: CHUNK}), pipe(), pipe()];
  for (const fd of [questions.read, answers.write, messages.write, held.write]) theirs.use(fd);
  for (const fd of [questions.write, answers.read, messages.read, held.read]) ours.use(fd);
  const file = ours.use(openHost(source, O_PATH));
  const {file: program, args, shown, env} = stranger({at: `/flavor/${path.basename(source)}`, file});
  const command = process.geteuid?.() === 0 ? untilWeEnd(program, args) : {file: program, args};
  const stdio = [questions.read, answers.write, messages.write, held.write].map(({number}) => number);
  const child = isolated(shown, () => spawn(command.file, command.args, {cwd: '/', env, stdio}), {offline: true});
  child.unref();
  // Without a number it has not been started: that is an end, too.
  child.once('error', () => undefined);
  return {child, ends: {questions: questions.write, answers: answers.read, messages: messages.read}};
};

/** Ends a program, and says how it has ended. Once: its number may be another's afterwards. */
const endOnce = (child: ChildProcess): (() => string) => {
  let how: string | undefined;
  return () => {
    if (how !== undefined) return how;
    child.kill('SIGKILL');
    how = child.pid === undefined ? 'no start' : named(childEnd(child));
    return how;
  };
};

/** Whoever has said all need not end. */
const hasEnded = ({pid}: ChildProcess, waiting: Patience): boolean => {
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
