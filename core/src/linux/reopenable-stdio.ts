import {fstatSync} from 'node:fs';
import {syscall} from './libc.ts';
import {pipe} from './pipe.ts';
import {findProgram} from './programs.ts';
import {SyscallError} from './syscall-error.ts';

/**
 * Makes standard output and error such that a program can open them again by path. A socket, as a service of systemd has one, cannot be opened: a pipe takes
 * its place, and a `cat` of the host writes what comes through it to the socket, until the last writer has gone.
 */
export const makeStdioReopenable = (): void => {
  const [stdout, stderr] = [fstatSync(1), fstatSync(2)];
  const shared = stdout.isSocket() && stdout.ino === stderr.ino;
  if (stdout.isSocket()) relay(1);
  if (shared) syscall('dup3', [1, 2, 0], 'standard error');
  else if (stderr.isSocket()) relay(2);
};

const relay = (fd: 1 | 2): void => {
  const cat = findProgram('cat');
  if (cat === undefined) throw new SyscallError('execve', 2, 'cat');
  const {read, write} = pipe();
  using _read = read;
  using _write = write;
  const {spawn} = process.getBuiltinModule('node:child_process');
  // Of a session of its own: a Ctrl-C ends the pod, and then this has the rest to write.
  spawn(cat, [], {stdio: [read.number, fd, 'ignore'], env: {}, detached: true}).unref();
  syscall('dup3', [write.number, fd, 0], `fd ${fd}`);
};
