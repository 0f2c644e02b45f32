import {realpathSync, statSync} from 'node:fs';
import path from 'node:path';
import {HOOKS} from '../../contract/flavor.ts';
import {strangersScript, TOOL_ENVIRONMENT} from '../../image/sandbox.ts';
import {accompany} from '../../linux/companions.ts';
import {isShownToAll, type Shown} from '../../linux/isolated.ts';
import {O_PATH, openHost} from '../../linux/openat2.ts';
import {startKeeper} from '../../linux/start-keeper.ts';
import {flavorAnswerInvalid, flavorOutOfMemory, flavorPlanTooLarge, flavorTimedOut} from '../errors.ts';
import type {Ask} from './asked-flavor.ts';
import {packageClosure, packageOf} from './package-closure.ts';
import {ownPackage} from './package-trees.ts';
import {patience} from './patience.ts';
import {MAX_PLAN} from './plain-steps.ts';
import {type Stranger, startStranger} from './start-stranger.ts';
import {isAboutMemory, thrownByFlavor} from './thrown-by-flavor.ts';

/** Milliseconds, as {@link patience} counts them. */
const LIMIT = 10_000;
/** Of objects, in MiB; besides, the process has a limit for all. */
const HEAP = 512;
/** Lines of a flavor that are passed on. */
const MAX_LINES = 100;

interface Options {
  /** That an answer may take, and the module to be loaded. Default: ten seconds each. */
  readonly milliseconds?: {readonly hook?: number; readonly module?: number};
  /** As of {@link packageClosure}. */
  readonly copy?: string | undefined;
  /** Gets what the flavor writes to its standard streams. */
  readonly note?: ((text: string) => void) | undefined;
}

/**
 * Loads a flavor in JavaScript in a process of its own, which answers until this one ends or becomes another. Node.js permits it to read what it may import and nothing else; and as any stranger's program it is
 * nobody (of a module that not everybody may read: its owner), has no capability, sees these files and the programs of the host read-only, no network, no /proc and no other process, and has bounded memory. Who is not root can take from it what Node.js can, no more.
 * @returns asks it. It throws what the flavor throws, and RKT_FLAVOR_ANSWER_INVALID, RKT_FLAVOR_DENIED, RKT_FLAVOR_OUT_OF_MEMORY, RKT_FLAVOR_PLAN_TOO_LARGE, RKT_FLAVOR_TIMED_OUT, RKT_FLAVOR_UNREADABLE
 */
export const startConversation = (source: string, {milliseconds = {}, copy, note}: Options = {}): Ask => {
  const file = realpathSync(source);
  const directory = packageOf(file);
  const {pid, ask, takeMessages, end} = start(file, copy);
  accompany(() => void end());
  const waited = {milliseconds: 0};
  let lastQuestion: string | undefined;
  let lines = 0;
  const passOn = (name: string, said: string): void => {
    for (const line of said.split('\n')) {
      if (line.trim() !== '' && lines++ < MAX_LINES) note?.(`flavor "${name}": ${line}`);
    }
  };
  return (name, hook, request) => {
    const isLoading = hook === 'declaration';
    const question = `${JSON.stringify({hook, ...request, ...(isLoading ? {known: Object.keys(HOOKS)} : {})})}\n`;
    const what = isLoading ? 'its module' : `${hook}()`;
    const limit = (isLoading ? milliseconds.module : milliseconds.hook) ?? LIMIT;
    const {because, bytes} = ask(Buffer.from(question), patience(pid ?? 0, limit, waited));
    if (because === 'late' || because === 'long') end();
    if (because === 'late') throw flavorTimedOut(name, isLoading ? what : hook, limit);
    if (because === 'long') throw flavorPlanTooLarge(name, `.${hook}`, 'bytes', undefined, MAX_PLAN);
    if (because === 'end') {
      const last = takeMessages().trim();
      const how = end();
      const ended = new Error(`its process ended with ${how}${last === '' ? '' : `: ${last.split('\n').at(-1)}`}`);
      throw isAboutMemory(last) ? flavorOutOfMemory(name, what, ended) : ended;
    }
    const said = takeMessages();
    // It is asked twice.
    if (question !== lastQuestion) passOn(name, said);
    lastQuestion = question;
    const {answer, thrown} = parse(name, hook, bytes.subarray(0, -1));
    if (thrown !== undefined)
      throw thrownByFlavor(name, what, thrown, directory === file ? path.dirname(file) : directory);
    return answer;
  };
};

interface Said {
  readonly answer?: unknown;
  readonly thrown?: Readonly<Record<string, unknown>>;
}

const parse = (name: string, hook: string, reply: Buffer): Said => {
  let read: unknown;
  try {
    read = JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(reply));
  } catch (cause) {
    throw flavorAnswerInvalid(name, hook, 'what it wrote itself where rkt reads answers', cause);
  }
  const {thrown} = (read ?? {}) as Said;
  const isReply = typeof read === 'object' && read !== null && thrown !== null;
  if (isReply && (thrown === undefined || typeof thrown === 'object')) return read as Said;
  throw flavorAnswerInvalid(name, hook, 'what it wrote itself where rkt reads answers');
};

const start = (source: string, copy: string | undefined): Stranger => {
  using files = new DisposableStack();
  const script = path.join(ownPackage(), 'bin/serve-hooks.cjs');
  const readable = [...packageClosure(source, copy), script];
  const node = realpathSync(process.execPath);
  const shown = [...readable, node]
    .filter((place, _, all) => !isShownToAll(place) && !all.some((other) => place.startsWith(`${other}/`)))
    .map((at): Shown => ({at, file: files.use(openHost(at, O_PATH))}));
  const command = [
    node,
    '--permission',
    // The permission knows nothing of what SQLite opens (ATTACH, VACUUM INTO).
    '--no-experimental-sqlite',
    ...readable.map((place) => `--allow-fs-read=${place}`),
    `--max-old-space-size=${HEAP}`,
    '--v8-pool-size=1',
    '--disable-sigusr1',
    '--disable-warning=ExperimentalWarning',
    // From the sources everything is.
    ...process.execArgv.filter((each) => each.startsWith('--conditions=')),
    script,
    source,
  ];
  const owner = mayAllRead([node, script, source, ...directoriesOf(source)]) ? undefined : statSync(source);
  return startStranger({
    ...strangersScript(command, {owner, shown}),
    env: TOOL_ENVIRONMENT,
    stdio: ({questions, answers, messages}) => [questions, messages, messages, answers].map(({number}) => number),
    keep: startKeeper,
  });
};

/** Of a module, up to its package. */
const directoriesOf = (source: string): string[] => {
  const top = packageOf(source);
  const directories: string[] = [];
  for (let place = source; place.length > top.length; ) {
    place = path.dirname(place);
    directories.push(place);
  }
  return directories;
};

/** By their modes: what everybody may read, and enter. */
const mayAllRead = (places: readonly string[]): boolean =>
  places.every((place) => {
    const stats = statSync(place);
    const needed = stats.isDirectory() ? 0o005 : 0o004;
    return (stats.mode & needed) === needed;
  });
