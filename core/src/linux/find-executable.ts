import {fstatSync} from 'node:fs';
import type {Process} from '../contract/process.ts';
import {execNotExecutable, execNotFound} from './errors.ts';
import type {Fd} from './fd.ts';
import {mayReach} from './may-reach.ts';
import {O_PATH, openInRoot} from './openat2.ts';
import {absolute, checkProgram, mayExecute, type Runner} from './program-file.ts';
import {SyscallError} from './syscall-error.ts';

/** Of an app that has no PATH of its own, as rkt's. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Looks up `argv[0]` in a rootfs as execvp(3) does, with the app's own PATH and working directory (appc IM-15), and checks that it can be executed.
 * @returns what execve is to be given, once the rootfs is the root directory.
 * @throws RKT_EXEC_NOT_FOUND, RKT_EXEC_NOT_EXECUTABLE, RKT_EXEC_WRONG_ARCHITECTURE, RKT_EXEC_INTERPRETER_MISSING
 */
export const findExecutable = (root: Fd, process: Runner & Pick<Process, 'argv' | 'env'>): string => {
  const name = process.argv[0] ?? '';
  const directories = name.includes('/') ? [] : searchPath(process);
  const candidates = name.includes('/') ? [name] : directories.map((directory) => join(directory, name));
  let refusal: Error | undefined;
  for (const candidate of name === '' ? [] : candidates) {
    using file = open(root, absolute(candidate, process.cwd));
    if (file === undefined) continue;
    const stat = fstatSync(file.number);
    // Like execvp, which goes on where it has no permission and remembers it.
    if (directories.length > 0 && !(stat.isFile() && mayExecute(stat, process))) {
      refusal ??= execNotExecutable(candidate, `not a program for user ${process.uid}`);
      continue;
    }
    if (!mayReach(root, absolute(candidate, process.cwd), process)) {
      const closed = execNotExecutable(candidate, `user ${process.uid} may not enter a directory on the way to it`);
      if (directories.length === 0) throw closed;
      refusal ??= closed;
      continue;
    }
    checkProgram(root, file, candidate, process);
    return candidate;
  }
  throw refusal ?? execNotFound(name, directories);
};

/** The directories in which execvp(3) looks for a program of this environment; an empty one is the working directory. */
export const searchPath = ({env}: Pick<Process, 'env'>): string[] =>
  (env.find(({name}) => name === 'PATH')?.value ?? DEFAULT_PATH).split(':');

// An empty element is the working directory.
const join = (directory: string, name: string): string =>
  directory === '' ? `./${name}` : `${directory.replace(/\/+$/, '')}/${name}`;

const open = (root: Fd, path: string): Fd | undefined => {
  try {
    return openInRoot(root, path, O_PATH);
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
};
