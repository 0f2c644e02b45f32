import {spawn} from 'node:child_process';
import {text} from 'node:stream/consumers';
import {callArguments} from './arguments.ts';
import {command, environmentOf, errorIn} from './command.ts';
import {callEnded} from './errors.ts';
import type {CallOptions} from './requests.ts';

/**
 * Calls the command to its end. Returns what it has printed, parsed.
 * @throws RKT_CALL_ENDED, RKT_REQUEST_INVALID, what the command throws
 */
export const call = async (args: readonly [name: string, ...string[]], options: CallOptions): Promise<unknown> => {
  const child = spawn(command(), [...callArguments(options), ...args], {
    env: environmentOf(options),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<[exitCode: number | null, signal: string | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (...how) => resolve(how));
  });
  const [[exitCode, signal], printed, told] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  const lines = told.split('\n').filter((line) => line !== '');
  const errors = lines.flatMap((line) => errorIn(line, exitCode) ?? []);
  for (const line of lines) if (errorIn(line, exitCode) === undefined) options.onNote?.(line);
  const [error] = errors;
  if (error !== undefined) throw error;
  if (exitCode !== 0) throw callEnded(args[0], exitCode, signal, told);
  return printed === '' ? undefined : JSON.parse(printed);
};
