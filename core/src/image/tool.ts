import {type ChildProcess, spawn} from 'node:child_process';
import {closeSync, openSync, readSync} from 'node:fs';
import {isolated} from '../linux/isolated.ts';
import {fixedMemoryFile} from '../linux/memory-file.ts';
import {type Keeper, startKeeper} from '../linux/start-keeper.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {type HostCommand, TOOL_ENVIRONMENT} from './sandbox.ts';

/** What is kept of what a tool says on standard error. */
const MESSAGE_BYTES = 65_536;

/** How a tool ended, if not well. */
export interface ToolFailure {
  readonly status: string;
  /** What it said. */
  readonly output: string;
}

export interface Tool {
  /** Of it, if it could be started. */
  readonly pid: number | undefined;
  /** Where `pipe` was asked for. */
  readonly stdin: ChildProcess['stdin'];
  readonly stdout: ChildProcess['stdout'];
  /** Resolves when it has ended: `undefined` if well. */
  readonly ended: Promise<ToolFailure | undefined>;
  /** Ends it, if it has not ended. */
  readonly kill: () => void;
}

/**
 * Starts a program without a shell, where no pod can look into it. It ends when we do. Its messages go to memory: with a pipe it would wait for us to read while we wait for it to read what we
 * write, and the disk may be what it has no space on.
 * @param options as of `isolated`
 */
export const startTool = (
  command: HostCommand,
  stdin: number | 'ignore' | 'pipe',
  stdout: number | 'ignore' | 'pipe',
  options: {readonly offline?: boolean} = {},
): Tool => {
  const stderr = fixedMemoryFile('messages', MESSAGE_BYTES);
  const nothing = openSync('/dev/null', 'r+');
  const own = (stream: number | 'ignore' | 'pipe'): number | 'pipe' => (stream === 'ignore' ? nothing : stream);
  let child: ChildProcess;
  let keeper: Keeper | undefined;
  try {
    child = isolated(
      command.shown,
      () => {
        keeper = startKeeper();
        const held = keeper?.held;
        return spawn(command.file, command.args, {
          stdio: [own(stdin), own(stdout), stderr.number, ...(held === undefined ? [] : [held])],
          env: TOOL_ENVIRONMENT,
          cwd: '/',
          detached: held !== undefined,
        });
      },
      options,
    );
  } catch (error) {
    void keeper?.release();
    stderr.close();
    throw error;
  } finally {
    closeSync(nothing);
  }
  const ended = new Promise<ToolFailure | undefined>((resolve, reject) => {
    child.once('error', (error) => {
      stderr.close();
      reject(error);
    });
    child.once('exit', (code, signal) => {
      const buffer = Buffer.alloc(MESSAGE_BYTES);
      readSync(stderr.number, buffer, 0, MESSAGE_BYTES, 0);
      stderr.close();
      if (code === 0) return resolve(undefined);
      const output = buffer.toString('utf8').replace(/\0+$/, '').trim();
      resolve({status: signal ?? `exit status ${code}`, output});
    });
  }).finally(() => keeper?.release());
  // Whoever waits sees the failure; who gave up before must not end the process with it.
  ended.catch(() => undefined);
  const kill = (): void => (keeper?.held === undefined ? void child.kill('SIGKILL') : killGroup(child));
  return {pid: child.pid, stdin: child.stdin, stdout: child.stdout, ended, kill};
};

/** All at once: whoever is on the way to be somebody's parent is not missed. */
const killGroup = ({pid, exitCode, signalCode}: ChildProcess): void => {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error;
  }
};
