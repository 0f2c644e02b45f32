import {closeSync, fchmodSync, fstatSync, openSync, readlinkSync, type Stats} from 'node:fs';
import {helperNotStarted} from './errors.ts';
import type {Fd} from './fd.ts';
import {replaceDescriptor} from './fd-flags.ts';
import {isolated} from './isolated.ts';
import {pipe} from './pipe.ts';
import {requireProgram} from './programs.ts';
import {rootless} from './rootless.ts';
import {isErrno} from './syscall-error.ts';
import {isTerminal} from './terminal.ts';
import {UNTIL_WE_END} from './until-we-end.ts';

interface Options {
  /** A user of the host that has no right but its own, and its group of the same number: who opens the streams. Default: this process. */
  readonly owner?: number | undefined;
  /** A terminal as standard input becomes a pipe, too: systemd gives the terminal that a service reads to the user of the service. */
  readonly keepsTerminal?: boolean;
  /** Told the number of each `cat`. */
  readonly onHelper: (pid: number) => void;
}

type IsClosed = (fd: number, stats: Stats) => boolean;

/**
 * Makes standard input, output and error such that a program can open them again by path. A socket, as a service of systemd has one, cannot be opened, and
 * neither can what an `owner` has no right to, and the mode of a file is whoever's who has it open, setuid too (S11): a pipe takes its place, and a `cat` of the host, which sees nothing of it, carries what comes through it: to an output until the last writer has
 * gone, from the input until this process ends. So with a file, too: it has a position, which is the caller's, and one that opens it again would begin with the first byte.
 * @throws RKT_HELPER_NOT_STARTED
 */
export const makeStdioReopenable = (options: Options): void => {
  const isClosed: IsClosed = (fd, stats) => stats.isSocket() || stats.isFile() || !canOpen(fd, stats, options.owner);
  openPipes();
  if (isClosed(0, fstatSync(0)) || (!options.keepsTerminal && isTerminal(0))) relayInput(options);
  relayOutputs(isClosed, options);
};

/**
 * Leaves standard input, output and error what they are, but for the journal of the host, as a service of systemd has it: `/dev/stdout` is a name for it that nobody can open, and many programs do. It is known by
 * what systemd says it is; another socket may be one that is spoken to.
 */
export const makeJournalReopenable = (onHelper: Options['onHelper'] = () => {}): void => {
  const {JOURNAL_STREAM} = process.env;
  openPipes();
  relayOutputs((_, stats) => stats.isSocket() && `${stats.dev}:${stats.ino}` === JOURNAL_STREAM, {onHelper});
};

const isAnonymous = (fd: number, stats: Stats): boolean =>
  stats.isFIFO() && readlinkSync(`/proc/self/fd/${fd}`).startsWith('pipe:');

/**
 * A pipe has no way to it but the descriptors of those who have it: whoever may follow one of these may open it again, whichever user it is. That of another user stays as it is where rkt is not
 * root of the host.
 */
const openPipes = (): void => {
  for (const fd of [0, 1, 2]) {
    const stats = fstatSync(fd);
    if ((stats.mode & 0o666) === 0o666 || !isAnonymous(fd, stats)) continue;
    try {
      fchmodSync(fd, 0o666);
    } catch (error) {
      if (rootless() === undefined || !isErrno(error, 'EPERM')) throw error;
    }
  }
};

/** Whether somebody can open it again. */
const canOpen = (fd: number, stats: Stats, owner: number | undefined): boolean =>
  owner === undefined || isAnonymous(fd, stats) || (stats.isCharacterDevice() && (stats.mode & 0o006) === 0o006);

const relayOutputs = (isClosed: IsClosed, options: Options): void => {
  const [stdout, stderr] = [fstatSync(1), fstatSync(2)];
  const shared = stdout.dev === stderr.dev && stdout.ino === stderr.ino;
  if (isClosed(1, stdout)) relayOutput(1, options);
  if (!isClosed(2, stderr)) return;
  if (shared) replaceDescriptor(2, 1);
  else relayOutput(2, options);
};

const relayOutput = (fd: 1 | 2, {onHelper}: Options): void => {
  const {read, write} = pipe();
  using _read = read;
  using _write = write;
  carry([requireProgram('cat')], read, fd, onHelper);
  fchmodSync(write.number, 0o666);
  replaceDescriptor(fd, write.number);
};

const relayInput = ({onHelper}: Options): void => {
  const {read, write} = pipe();
  using _read = read;
  using _write = write;
  // Nobody else would end it: a caller may keep its end open for long after the pod.
  carry([requireProgram('setpriv'), ...UNTIL_WE_END, requireProgram('cat')], 0, write, onHelper);
  fchmodSync(read.number, 0o666);
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
    // Which error it is Node.js tells later, when this may be another program already.
    helper.once('error', () => undefined);
    if (helper.pid === undefined) throw helperNotStarted(file);
    onHelper(helper.pid);
  } finally {
    closeSync(nothing);
  }
};
