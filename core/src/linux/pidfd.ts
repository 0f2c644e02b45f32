import {constants} from 'node:os';
import type {ProcessIdentity} from '../contract/pod.ts';
import {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {isAlive} from './process-identity.ts';
import {isErrno} from './syscall-error.ts';

/** A descriptor of the process that has this number now; ESRCH if there is none. */
export const pidfdOpen = (pid: number): Fd => new Fd(syscall('pidfd_open', [pid, 0], `/proc/${pid}`));

/** A descriptor of that very process, or `undefined` if it has ended: the number may be another's by now. */
export const openProcess = (identity: ProcessIdentity): Fd | undefined => {
  let process: Fd;
  try {
    process = pidfdOpen(identity.pid);
  } catch (error) {
    if (isErrno(error, 'ESRCH', 'EINVAL')) return undefined;
    throw error;
  }
  // Checked with the descriptor open: the number cannot be given away any more.
  if (isAlive(identity)) return process;
  process.close();
  return undefined;
};

/** Sends a signal; `false` if the process has ended. Signal 0 only asks. */
export const pidfdSignal = (process: Fd, signal: NodeJS.Signals | 0): boolean => {
  const number = signal === 0 ? 0 : constants.signals[signal];
  try {
    syscall('pidfd_send_signal', [process.number, number, null, 0], signal.toString());
    return true;
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return false;
    throw error;
  }
};

const POLLIN = 1;

/** Blocks until the process has ended, at most `milliseconds`; whether it has. */
export const pidfdWait = (process: Fd, milliseconds: number): boolean => {
  const poll = Buffer.alloc(8);
  poll.writeInt32LE(process.number, 0);
  poll.writeInt16LE(POLLIN, 4);
  const timeout = Buffer.alloc(16);
  timeout.writeBigInt64LE(BigInt(Math.floor(milliseconds / 1000)), 0);
  timeout.writeBigInt64LE(BigInt(Math.floor(milliseconds % 1000) * 1_000_000), 8);
  for (;;) {
    try {
      return syscall('ppoll', [poll, 1, timeout, null, 0], 'pidfd') > 0;
    } catch (error) {
      // Linux updates the timeout to what is left.
      if (!isErrno(error, 'EINTR')) throw error;
    }
  }
};
