import {type ChildProcess, spawn} from 'node:child_process';
import {closeSync, openSync, readSync} from 'node:fs';
import {isolated} from '../linux/isolated.ts';
import {type HostCommand, TOOL_ENVIRONMENT} from './sandbox.ts';

/** What is kept of what a tool says on standard error. */
const MESSAGE_BYTES = 4096;

export interface Tool {
  /** Of it, if it could be started. */
  readonly pid: number | undefined;
  /** Where `pipe` was asked for. */
  readonly stdin: ChildProcess['stdin'];
  readonly stdout: ChildProcess['stdout'];
  /** Resolves when it has ended: `undefined` if well, else how, and what it said. */
  readonly ended: Promise<{readonly status: string; readonly output: string} | undefined>;
  /** Ends it, if it has not ended. */
  readonly kill: () => void;
}

/**
 * Starts a program without a shell, where no pod can look into it. Its messages go to the file `messages`: with a pipe it would wait for us to read while we wait for it
 * to read what we write.
 */
export const startTool = (
  command: HostCommand,
  stdin: number | 'ignore' | 'pipe',
  stdout: number | 'ignore' | 'pipe',
  messages: string,
): Tool => {
  const stderr = openSync(messages, 'wx+', 0o600);
  const nothing = openSync('/dev/null', 'r+');
  const own = (stream: number | 'ignore' | 'pipe'): number | 'pipe' => (stream === 'ignore' ? nothing : stream);
  let child: ChildProcess;
  try {
    child = isolated(command.shown, () =>
      spawn(command.file, command.args, {stdio: [own(stdin), own(stdout), stderr], env: TOOL_ENVIRONMENT, cwd: '/'}),
    );
  } catch (error) {
    closeSync(stderr);
    throw error;
  } finally {
    closeSync(nothing);
  }
  const ended = new Promise<{status: string; output: string} | undefined>((resolve, reject) => {
    child.once('error', (error) => {
      closeSync(stderr);
      reject(error);
    });
    child.once('exit', (code, signal) => {
      const buffer = Buffer.alloc(MESSAGE_BYTES);
      const length = readSync(stderr, buffer, 0, MESSAGE_BYTES, 0);
      closeSync(stderr);
      if (code === 0) resolve(undefined);
      else resolve({status: signal ?? `exit status ${code}`, output: buffer.toString('utf8', 0, length).trim()});
    });
  });
  // Whoever waits sees the failure; who gave up before must not end the process with it.
  ended.catch(() => undefined);
  return {pid: child.pid, stdin: child.stdin, stdout: child.stdout, ended, kill: () => void child.kill('SIGKILL')};
};
