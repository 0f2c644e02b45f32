import {readFileSync} from 'node:fs';
import {syscall} from './libc.ts';
import {signalNumbers} from './signal-numbers.ts';

const SIG_SETMASK = 2;
/** The kernel's sigset_t: 64 signals. */
const SET_BYTES = 8;
/** `struct sigaction` of the kernel: handler, flags, restorer, mask, 8 bytes each on x86-64 and arm64. All zero is SIG_DFL. */
const ACTION_BYTES = 32;

/** Numbers of the signals in a set as /proc/PID/status prints it, hexadecimal. */
export const parseSignalSet = (hex: string): number[] => {
  const set = BigInt(`0x${hex}`);
  return Array.from({length: 64}, (_, index) => index + 1).filter((signal) => (set >> BigInt(signal - 1)) & 1n);
};

/**
 * Sets every ignored signal to its default action and unblocks all: both outlive execve, and Node ignores SIGPIPE and SIGXFSZ for itself.
 * Handled signals go back to default by execve. Needs /proc.
 */
export const resetSignals = (): void => {
  const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/thread-self/status', 'latin1'))?.[1] ?? '0';
  const byDefault = Buffer.alloc(ACTION_BYTES);
  for (const signal of parseSignalSet(ignored)) {
    syscall('rt_sigaction', [signal, byDefault, null, SET_BYTES], `signal ${signal}`);
  }
  syscall('rt_sigprocmask', [SIG_SETMASK, Buffer.alloc(SET_BYTES), null, SET_BYTES]);
};

/** Blocks all signals, also in what this process becomes. */
export const blockAllSignals = (): void => {
  syscall('rt_sigprocmask', [SIG_SETMASK, Buffer.alloc(SET_BYTES, 0xff), null, SET_BYTES]);
};

const SIGHUP = 1;
const SIG_IGN = 1n;

/** Has SIGHUP ignored, also by what this process becomes. */
export const ignoreHangup = (): void => {
  const action = Buffer.alloc(ACTION_BYTES);
  action.writeBigUInt64LE(SIG_IGN, 0);
  syscall('rt_sigaction', [SIGHUP, action, null, SET_BYTES], 'SIGHUP');
};

/** Ends this process by a signal, as another one has ended by it; where that does not end it, by the status that a shell says instead. */
export const endBySignal = (name: NodeJS.Signals): never => {
  const signal = signalNumbers()[name];
  if (signal !== signalNumbers().SIGKILL) {
    syscall('rt_sigaction', [signal, Buffer.alloc(ACTION_BYTES), null, SET_BYTES], name);
  }
  process.kill(process.pid, name);
  return process.exit(128 + signal);
};
