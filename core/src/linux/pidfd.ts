import type {ProcessIdentity} from '../contract/pod.ts';
import {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {POLLIN, poll} from './poll.ts';
import {identify, isAlive} from './process-identity.ts';
import {signalNumbers} from './signal-numbers.ts';
import {isErrno} from './syscall-error.ts';

/** A descriptor of the process that has this number now. ESRCH if there is none; EINVAL, of newer kernels ENOENT, if it is the number of a thread, and of no process. */
export const pidfdOpen = (pid: number): Fd => new Fd(syscall('pidfd_open', [pid, 0], `/proc/${pid}`));

/** A descriptor of that very process, or `undefined` if it has ended: the number may be another's by now. */
export const openProcess = (identity: ProcessIdentity): Fd | undefined => {
  let process: Fd;
  try {
    process = pidfdOpen(identity.pid);
  } catch (error) {
    if (isErrno(error, 'ESRCH', 'EINVAL', 'ENOENT')) return undefined;
    throw error;
  }
  // Checked with the descriptor open: the number cannot be given away any more.
  if (isAlive(identity)) return process;
  process.close();
  return undefined;
};

/** Whether there is a process of this number of which /proc shows nothing (`hidepid`). */
export const isHidden = (pid: number): boolean => {
  try {
    using _process = pidfdOpen(pid);
    return identify(pid) === undefined;
  } catch (error) {
    if (isErrno(error, 'ESRCH', 'EINVAL', 'ENOENT')) return false;
    throw error;
  }
};

/** Sends a signal; `false` if the process has ended. Signal 0 only asks. */
export const pidfdSignal = (process: Fd, signal: NodeJS.Signals | 0): boolean => {
  const number = signal === 0 ? 0 : signalNumbers()[signal];
  try {
    syscall('pidfd_send_signal', [process.number, number, null, 0], signal.toString());
    return true;
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return false;
    throw error;
  }
};

/** Blocks until the process has ended, at most `milliseconds`; whether it has. */
export const pidfdWait = (process: Fd, milliseconds: number): boolean =>
  poll([{fd: process.number, wanted: POLLIN}], milliseconds).includes(true);
