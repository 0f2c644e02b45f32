import {type ChildProcessByStdio, spawn} from 'node:child_process';
import {constants} from 'node:os';
import type {Readable, Writable} from 'node:stream';
import {SLOW} from './until.ts';

/** How a call of rkt ended. */
export interface Ended {
  /** As a shell would see it: 128 and the number of a signal. */
  readonly status: number;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Of the last error that rkt reported. */
  readonly code: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface CallOptions {
  readonly input?: string;
  /** Added to an environment that is otherwise always the same. */
  readonly env?: Readonly<Record<string, string>>;
  /** A program with arguments that starts rkt. */
  readonly through?: readonly string[];
  /** A descriptor of this process that it has as 3. */
  readonly descriptor?: number;
  /** It waits, mostly, and keeps no other call waiting. Default false. */
  readonly idles?: boolean;
}

export type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** No call needs that long. */
const TIMEOUT_MILLISECONDS = 180_000;

const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
};

/** @param open standard input stays open, unless there is some */
export const startChild = (
  [program = '', ...args]: readonly string[],
  directory: string,
  {input, env, descriptor}: CallOptions,
  open: boolean,
): Child => {
  const child = spawn(program, args, {
    cwd: directory,
    env: {...ENVIRONMENT, ...env},
    stdio: ['pipe', 'pipe', 'pipe', ...(descriptor === undefined ? [] : [descriptor])],
  }) as Child; // its first three streams are pipes
  // Who does not read has a reason.
  child.stdin.on('error', () => {});
  if (!open || input !== undefined) child.stdin.end(input ?? '');
  return child;
};

export const endOf = (child: Child, {timeout = TIMEOUT_MILLISECONDS * SLOW} = {}): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const chunks: Record<'stdout' | 'stderr', Buffer[]> = {stdout: [], stderr: []};
    for (const stream of ['stdout', 'stderr'] as const) child[stream].on('data', (chunk) => chunks[stream].push(chunk));
    const timer = timeout > 0 ? setTimeout(() => child.kill('SIGKILL'), timeout) : undefined;
    child.once('error', reject);
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      const [stdout, stderr] = [chunks.stdout, chunks.stderr].map((parts) => Buffer.concat(parts).toString());
      resolve({
        status: status ?? 128 + (signal === null ? 0 : constants.signals[signal]),
        signal,
        stdout: stdout ?? '',
        stderr: stderr ?? '',
        ...errorOf(stderr ?? ''),
      });
    });
  });

const errorOf = (stderr: string): Pick<Ended, 'code' | 'fields'> => {
  for (const line of stderr.split('\n').reverse()) {
    if (!line.startsWith('{')) continue;
    try {
      const {code, fields} = JSON.parse(line) as {code?: unknown; fields?: Ended['fields']};
      if (typeof code === 'string') return {code, fields: fields ?? {}};
    } catch {
      // A line of the app's.
    }
  }
  return {code: undefined, fields: {}};
};
