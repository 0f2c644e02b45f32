import type {ChildProcess} from 'node:child_process';
import {readSync} from 'node:fs';
import type {ReadStream} from 'node:tty';
import type {Fd} from '../linux/fd.ts';
import {syscall} from '../linux/libc.ts';
import {restoreStdio} from '../linux/restore.ts';
import {signalNumbers} from '../linux/signal-numbers.ts';
import {endBySignal} from '../linux/signals.ts';
import {startFailure} from '../linux/start-failure.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {foregroundGroup, isForeground, isForegroundJob} from '../linux/terminal.ts';
import {copyModes, copySize, type Modes, modesOf, raw, setModes} from '../linux/terminal-modes.ts';

/** asm-generic/ioctls.h, linux/wait.h */
const TIOCSIG = 0x4004_5436;
const P_PID = 1;
const WNOHANG = 1;
const WSTOPPED = 2;
const SIGINFO_BYTES = 128;
/** Milliseconds: a shell that gives a job the terminal tells the job only if it has stopped, so this process has to look. */
const LOOK_FOR_FOREGROUND = 250;
/** Bytes, more than a terminal holds. */
const LAST_BYTES = 262_144;

/** Signals that stop, continue or crash this process, or are about its child and its terminal: they are not passed on. */
const OWN = new Set<string>([
  ...['SIGKILL', 'SIGSTOP', 'SIGCONT', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGCHLD', 'SIGWINCH', 'SIGPIPE', 'SIGPROF'],
  ...['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP', 'SIGSYS', 'SIGURG'],
]);
const HANDED_ON = (Object.keys(signalNumbers()) as NodeJS.Signals[]).filter((name) => !OWN.has(name));
/** Signals that a terminal makes of keys, which go through as keys to whoever has the terminal inside. */
const KEYS = ['SIGINT', 'SIGQUIT', 'SIGTSTP'] as const;

/** The caller's terminal: where output goes, and where keys come from if standard input is a terminal. */
interface Callers {
  readonly output: number;
  readonly input: number | undefined;
}

export interface Relayed {
  /** The other end of the pod's terminal, in non-blocking mode. */
  readonly outside: number;
  /** Leads the session of the pod's terminal, and stops when what it has started is stopped. */
  readonly child: ChildProcess;
  /** Those of the standard streams that are the caller's terminal. */
  readonly streams: readonly number[];
}

const callersOf = (streams: readonly number[]): Callers => ({
  output: streams.find((stream) => stream !== 0) ?? 0,
  input: streams.find((stream) => stream === 0),
});

/** Gives a new terminal the modes and the size of the caller's. */
export const resemble = (inside: Fd, streams: readonly number[]): void => {
  const {output, input} = callersOf(streams);
  copyModes(output, inside.number, {plainOutput: input === undefined});
  copySize(output, inside.number);
};

/**
 * Relays between the caller's terminal and one of a pod until the child has ended, so that nothing in the pod ever has the caller's. Keys are passed on as they are while this process is in the foreground. It stops
 * together with its child and continues it; other signals go to the child. When this process is gone, however it ended, the pod's terminal is hung up.
 * Whenever this process stops or ends, unless by SIGKILL, the caller's terminal is put back into the mode that it was in.
 * Ends this process as the child has ended.
 * @throws why the child could not be started
 */
export const relayTerminal = async ({outside, child, streams}: Relayed): Promise<never> => {
  const failure = await startFailure(child);
  if (failure !== undefined) throw failure;
  const {output, input} = callersOf(streams);
  const {ReadStream: Stream} = process.getBuiltinModule('node:tty');
  const inner = new Stream(outside);
  const writer = new Stream(output);
  const reader = input === undefined ? undefined : input === output ? writer : new Stream(input);
  const keyboard = keyboardOf(reader, input, inner, () => goOn());
  const resize = () => orGone(() => copySize(output, outside));
  const hangUp = () => inner.destroy();
  for (const stream of new Set([writer, reader])) stream?.on('error', hangUp).on('end', hangUp);
  // Nobody has it open inside any more; whether it is over, the child says.
  inner.on('error', hangUp);
  inner.pipe(writer, {end: false});

  const handlers = new Map<NodeJS.Signals, () => void>(HANDED_ON.map((signal) => [signal, () => child.kill(signal)]));
  for (const signal of KEYS) {
    handlers.set(signal, () => (keyboard.isOurs() ? child.kill(signal) : keyOf(outside, signal)));
  }
  handlers.set('SIGWINCH', resize);
  handlers.set('SIGCONT', () => {
    keyboard.take();
    goOn();
  });
  handlers.set('SIGCHLD', () => {
    if (hasStopped(child)) stopWith();
  });
  let childIsStopped = false;
  const stopWith = () => {
    childIsStopped = true;
    // Whoever in the pod may signal the child can stop it, by any signal. A job that nobody sits at is not theirs to stop.
    if (!isForegroundJob(output)) return;
    keyboard.leave();
    const own = handlers.get('SIGTSTP') ?? (() => {});
    process.off('SIGTSTP', own);
    // Like what a terminal does: the whole job stops, if there is a shell that can continue it.
    process.kill(0, 'SIGTSTP');
    process.on('SIGTSTP', own);
    keyboard.take();
    goOn();
  };
  const goOn = () => {
    if (!childIsStopped) return;
    childIsStopped = false;
    resize();
    const group = foregroundGroup(outside);
    if (group !== undefined && group > 0) orGone(() => process.kill(-group, 'SIGCONT'));
    child.kill('SIGCONT');
  };
  const ended = new Promise<NodeJS.Signals | number>((resolve, reject) => {
    child.on('exit', (status, signal) => resolve(signal ?? status ?? 0));
    child.on('error', reject);
  });
  process.on('exit', keyboard.leave);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  resize();
  keyboard.take();
  // It may have stopped before anybody listened.
  if (hasStopped(child)) stopWith();
  const end = await ended;
  await lastWords(inner, outside, writer);
  keyboard.leave();
  for (const [signal, handler] of handlers) process.off(signal, handler);
  hangUp();
  restoreStdio();
  return typeof end === 'number' ? process.exit(end) : endBySignal(end);
};

/** What somebody types, while the caller's shell lets this process have it; `taken` is called whenever it has. */
const keyboardOf = (reader: ReadStream | undefined, fd: number | undefined, inner: ReadStream, taken: () => void) => {
  if (reader === undefined || fd === undefined) return {take() {}, leave() {}, isOurs: () => false};
  let before: Modes | undefined;
  let waiting: NodeJS.Timeout | undefined;
  const leave = () => {
    clearInterval(waiting);
    reader.unpipe(inner);
    reader.pause();
    if (before === undefined) return;
    const modes = before;
    before = undefined;
    orGone(() => setModes(fd, modes));
  };
  const take = () => {
    clearInterval(waiting);
    if (!isForeground(fd)) {
      waiting = setInterval(() => isForeground(fd) && take(), LOOK_FOR_FOREGROUND);
      return;
    }
    orGone(() => {
      before ??= modesOf(fd);
      setModes(fd, raw(before));
    });
    reader.unpipe(inner);
    reader.pipe(inner, {end: false});
    taken();
  };
  return {take, leave, isOurs: () => before !== undefined};
};

/** Ignores that a terminal is hung up, or a process has ended: something else tells that. */
const orGone = (call: () => unknown): void => {
  try {
    call();
  } catch (error) {
    if (!isErrno(error, 'EIO', 'ENOTTY', 'ESRCH')) throw error;
  }
};

const keyOf = (outside: number, signal: NodeJS.Signals): void =>
  orGone(() => syscall('ioctl', [outside, TIOCSIG, signalNumbers()[signal]], 'terminal'));

const hasStopped = ({pid}: ChildProcess): boolean => {
  if (pid === undefined) throw new Error('a child that was not started has not stopped');
  const info = Buffer.alloc(SIGINFO_BYTES);
  try {
    syscall('waitid', [P_PID, pid, info, WSTOPPED | WNOHANG, null], `process ${pid}`);
    return info.readInt32LE(0) === signalNumbers().SIGCHLD;
  } catch (error) {
    // Node.js has taken note of its end.
    if (isErrno(error, 'ECHILD')) return false;
    throw error;
  }
};

/** Output that the child wrote before its end, and others until now. */
const lastWords = async (inner: ReadStream, outside: number, writer: ReadStream): Promise<void> => {
  inner.unpipe(writer);
  inner.pause();
  for (let piece = inner.read() as Buffer | null; piece !== null; piece = inner.read()) writer.write(piece);
  if (!inner.destroyed) for (const piece of remaining(outside)) writer.write(piece);
  if (writer.destroyed) return;
  await new Promise<void>((resolve) => {
    writer.write('', () => resolve());
    writer.on('close', resolve);
  });
};

/** What a terminal holds, but no more: others may go on writing for ever. */
const remaining = function* (fd: number): Generator<Buffer> {
  for (let left = LAST_BYTES; left > 0; ) {
    const piece = Buffer.alloc(left);
    const length = orNothing(() => readSync(fd, piece));
    if (length === 0) return;
    left -= length;
    yield piece.subarray(0, length);
  }
};

const orNothing = (read: () => number): number => {
  try {
    return read();
  } catch (error) {
    if (isErrno(error, 'EAGAIN', 'EIO')) return 0;
    throw error;
  }
};
