import {spawn} from 'node:child_process';
import {PassThrough, pipeline, type Readable, type Writable} from 'node:stream';
import {text} from 'node:stream/consumers';
import {callArguments} from './arguments.ts';
import {command, environmentOf, errorIn} from './command.ts';
import {callEnded} from './errors.ts';
import type {CallOptions, StreamOptions} from './requests.ts';

/** How a process has ended: one of the two is `null`. */
export interface Exit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that was the command and is now what it was to start. It is a child of this process and goes on without it. */
export interface Started {
  readonly pid: number;
  /** Where `stdio` has `pipe`, else `null`. */
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** When the process has ended, how. May be called at any time, and often. */
  readonly wait: () => Promise<Exit>;
  /** Sends it a signal. Returns whether it was still there. */
  readonly kill: (signal?: NodeJS.Signals) => boolean;
  /** This process may end before it does. Streams that are pipes keep it all the same. */
  readonly unref: () => void;
}

/** Here the command tells its own error and nothing else. It closes when another program has taken its place. */
const ERRORS = 3;

/**
 * Starts the command, which is to become something else, and returns when it has.
 * @throws RKT_CALL_ENDED, RKT_REQUEST_INVALID, what the command throws
 */
export const start = async (
  args: readonly [name: string, ...string[]],
  options: CallOptions,
  {stdio = ['ignore', 'pipe', 'pipe'], detached = false}: StreamOptions,
): Promise<Started> => {
  const child = spawn(command(), [`--error-fd=${ERRORS}`, ...callArguments(options), ...args], {
    env: environmentOf(options),
    stdio: [...stdio, 'pipe'],
    detached,
  });
  const ended = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode, signal) => resolve({exitCode, signal}));
  });
  // Who does not wait is not interested.
  ended.catch(() => {});
  const [stdout, stderr] = [kept(child.stdout), kept(child.stderr)];
  // By `stdio`.
  const told = await text(child.stdio[ERRORS] as Readable);
  const {pid} = child;
  if (told !== '' || pid === undefined) {
    const {exitCode, signal} = await ended;
    throw errorIn(told, exitCode) ?? callEnded(args[0], exitCode, signal, told);
  }
  return {
    pid,
    stdin: child.stdin,
    stdout,
    stderr,
    wait: () => ended,
    kill: (signal = 'SIGTERM') => child.kill(signal),
    unref: () => child.unref(),
  };
};

/** When a process ends, Node.js drops what nobody has begun to read from it; here a caller can only begin later. */
const kept = (stream: Readable | null): Readable | null => {
  if (stream === null) return null;
  const copy = new PassThrough();
  // An error is one of the copy, too.
  pipeline(stream, copy, () => {});
  return copy;
};
