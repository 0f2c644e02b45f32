import {fstatSync} from 'node:fs';
import type {Fd} from './fd.ts';
import {setAppend} from './fd-flags.ts';
import {syscall} from './libc.ts';
import {pipe} from './pipe.ts';
import {findProgram} from './programs.ts';
import {SyscallError} from './syscall-error.ts';

/**
 * Makes standard input, output and error such that a program can open them again by path. A socket, as a service of systemd has one, cannot be opened: a
 * pipe takes its place, and a `cat` of the host carries what comes through it: to an output until the last writer has gone, from the input until this
 * process ends. A file opened again has a position of its own: from now on everyone writes at its end, or the caller's next line would overwrite the pod's.
 */
export const makeStdioReopenable = (): void => {
  const [stdin, stdout, stderr] = [fstatSync(0), fstatSync(1), fstatSync(2)];
  if (stdin.isSocket()) relayInput();
  if (stdout.isFile()) setAppend(1);
  if (stderr.isFile()) setAppend(2);
  const shared = stdout.isSocket() && stdout.ino === stderr.ino;
  if (stdout.isSocket()) relayOutput(1);
  if (shared) replace(2, 1);
  else if (stderr.isSocket()) relayOutput(2);
};

const relayOutput = (fd: 1 | 2): void => {
  const {read, write} = pipe();
  using _read = read;
  using _write = write;
  carry([program('cat')], read, fd);
  replace(fd, write.number);
};

// Nobody else would end it: a caller may keep its end open for long after the pod.
const relayInput = (): void => {
  const {read, write} = pipe();
  using _read = read;
  using _write = write;
  carry([program('setpriv'), '--pdeathsig=KILL', program('cat')], 0, write);
  replace(0, read.number);
};

const carry = ([file = '', ...args]: string[], from: Fd | number, to: Fd | number): void => {
  const number = (end: Fd | number): number => (typeof end === 'number' ? end : end.number);
  const {spawn} = process.getBuiltinModule('node:child_process');
  // In a session of its own: a Ctrl-C ends the pod, and then this has the rest to write.
  spawn(file, args, {stdio: [number(from), number(to), 'ignore'], env: {}, detached: true}).unref();
};

const program = (name: string): string => {
  const path = findProgram(name);
  if (path === undefined) throw new SyscallError('execve', 2, name);
  return path;
};

const replace = (fd: 0 | 1 | 2, by: number): void => {
  syscall('dup3', [by, fd, 0], `fd ${fd}`);
};
