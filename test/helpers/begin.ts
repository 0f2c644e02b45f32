import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {text} from 'node:stream/consumers';
import type {ExecutionContext} from 'ava';
import {rktEnvironment} from './command.ts';
import type {CallOptions, Host} from './host.ts';
import {stateOf} from './proc.ts';
import {errorOf} from './result.ts';

/** A command that goes on while the test does something. */
export const begin = (
  t: ExecutionContext,
  host: Host,
  args: readonly string[],
  {env = {}, through = []}: Pick<CallOptions, 'env' | 'through'> = {},
) => {
  const command = host.command('--format=json', '--insecure-options=image', ...args);
  const [program = '', ...rest] = [...through, ...command];
  const child = spawn(program, rest, {
    env: {...rktEnvironment, ...env},
    cwd: host.directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]).then(
    ([[exitCode], stdout, stderr]) => ({exitCode: exitCode as number | null, stdout, stderr, error: errorOf(stderr)}),
  );
  return {child, ended};
};

/** Stopped at a fault point, or over. */
export const isStopped = ({pid = 0, exitCode}: ChildProcess): boolean =>
  exitCode !== null || ['T', ''].includes(stateOf(pid));
