import {closeSync, fchownSync, fstatSync, openSync, readlinkSync, type Stats} from 'node:fs';
import type {Fd} from './fd.ts';
import {replaceDescriptor} from './fd-flags.ts';
import {isolated} from './isolated.ts';
import {pipe} from './pipe.ts';
import {requireProgram} from './programs.ts';

interface Options {
  /** A user of the host that has no right but its own, and its group of the same number: who opens the streams. Default: this process. */
  readonly owner: number | undefined;
  /** Told the number of each `cat`. */
  readonly onHelper: (pid: number) => void;
}

/**
 * Makes standard input, output and error such that a program can open them again by path. A socket, as a service of systemd has one, cannot be opened, and
 * neither can what an `owner` has no right to, and the mode of a file is whoever's who has it open, setuid too (S11): a pipe takes its place, and a `cat` of the host, which sees nothing of it, carries what comes through it: to an output until the last writer has
 * gone, from the input until this process ends. So with a file, too: it has a position, which is the caller's, and one that opens it again would begin with the first byte.
 */
export const makeStdioReopenable = (options: Options): void => {
  const [stdin, stdout, stderr] = [fstatSync(0), fstatSync(1), fstatSync(2)];
  const closed = (fd: number, stats: Stats) => stats.isSocket() || stats.isFile() || !canOpen(fd, stats, options.owner);
  if (closed(0, stdin)) relayInput(options);
  const shared = stdout.dev === stderr.dev && stdout.ino === stderr.ino;
  if (closed(1, stdout)) relayOutput(1, options);
  if (!closed(2, stderr)) return;
  if (shared) replaceDescriptor(2, 1);
  else relayOutput(2, options);
};

/** Whether somebody can open it again; a pipe is made so. */
const canOpen = (fd: number, stats: Stats, owner: number | undefined): boolean => {
  if (owner === undefined) return true;
  if (stats.isFIFO() && readlinkSync(`/proc/self/fd/${fd}`).startsWith('pipe:')) {
    fchownSync(fd, owner, owner);
    return true;
  }
  return stats.isCharacterDevice() && (stats.mode & 0o006) === 0o006;
};

const give = (end: Fd, owner: number | undefined): void => {
  if (owner !== undefined) fchownSync(end.number, owner, owner);
};

const relayOutput = (fd: 1 | 2, {owner, onHelper}: Options): void => {
  const {read, write} = pipe();
  using _read = read;
  using _write = write;
  carry([requireProgram('cat')], read, fd, onHelper);
  give(write, owner);
  replaceDescriptor(fd, write.number);
};

/*
 * Nobody else would end it: a caller may keep its end open for long after the pod. The kernel forgets that at an execve whose real user is another than its effective
 * one: here what keeps others from looking into it is that it has every capability of rkt.
 */
const UNTIL_WE_END = ['--pdeathsig=KILL', '--ruid=0', '--rgid=0', '--keep-groups'];

const relayInput = ({owner, onHelper}: Options): void => {
  const {read, write} = pipe();
  using _read = read;
  using _write = write;
  carry([requireProgram('setpriv'), ...UNTIL_WE_END, requireProgram('cat')], 0, write, onHelper);
  give(read, owner);
  replaceDescriptor(0, read.number);
};

const carry = (
  [file = '', ...args]: string[],
  from: Fd | number,
  to: Fd | number,
  onHelper: Options['onHelper'],
): void => {
  const number = (end: Fd | number): number => (typeof end === 'number' ? end : end.number);
  const {spawn} = process.getBuiltinModule('node:child_process');
  const nothing = openSync('/dev/null', 'r+');
  try {
    // In a session of its own: a Ctrl-C ends the pod, and then this has the rest to write.
    const helper = isolated([], () =>
      spawn(file, args, {stdio: [number(from), number(to), nothing], env: {}, cwd: '/', detached: true}),
    );
    helper.unref();
    if (helper.pid !== undefined) onHelper(helper.pid);
  } finally {
    closeSync(nothing);
  }
};
