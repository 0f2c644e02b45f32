import {type SyscallName, syscall} from './libc.ts';
import {isErrno} from './syscall-error.ts';

/** linux/personality.h, linux/time.h: ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF */
const PER_LINUX = 0;
const TIMERS = [0, 1, 2] as const;
/** `struct itimerval` */
const TIMER_BYTES = 32;
/** linux/prctl.h */
const PR_GET_SECUREBITS = 27;
const PR_SET_SECUREBITS = 28;
const PR_MCE_KILL = 33;
const PR_MCE_KILL_CLEAR = 0;
const PR_SET_CHILD_SUBREAPER = 36;
const PR_SET_THP_DISABLE = 41;
const PR_SET_IO_FLUSHER = 57;
const PR_SET_MEMORY_MERGE = 67;
const PR_SET_PTRACER = 0x5961_6d61;

interface Reset {
  readonly call: readonly [name: SyscallName, ...args: (number | Uint8Array)[]];
  /** What an answer means by which there is nothing to reset, or nobody may. */
  readonly unless?: readonly string[];
}

const prctl = (option: number, value: number): Reset['call'] => ['prctl', option, value, 0, 0, 0];

/*
 * What a program inherits of the process that becomes it (execve(2)), and that is neither decided by the pod nor meant for a command by whoever starts it. Those that are meant for a command stay: nice value, I/O priority, scheduling and
 * its cookie, timer slack, processors, memory policy, resource limits, oom score, core dump filter, signal at the parent's death, process group, and the audit session. What can only narrow cannot be taken back:
 * no-new-privileges, seccomp filters, Landlock domains, speculation that is switched off, memory that denies execution.
 */
const RESETS: readonly Reset[] = [
  {call: ['personality', PER_LINUX]},
  // One that goes off ends the program.
  ...TIMERS.map((timer): Reset => ({call: ['setitimer', timer, Buffer.alloc(TIMER_BYTES), 0]})),
  {call: prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR)},
  {call: prctl(PR_SET_CHILD_SUBREAPER, 0)},
  {call: prctl(PR_SET_THP_DISABLE, 0)},
  // Since Linux 5.6; it takes CAP_SYS_RESOURCE.
  {call: prctl(PR_SET_IO_FLUSHER, 0), unless: ['EINVAL', 'EPERM']},
  // Since Linux 6.4, where the kernel merges pages.
  {call: prctl(PR_SET_MEMORY_MERGE, 0), unless: ['EINVAL', 'EPERM']},
  // Of the module Yama.
  {call: prctl(PR_SET_PTRACER, 0), unless: ['EINVAL']},
];

/** Takes from this process what its caller has set for itself, and every program would go on with (S35). */
export const forgetCaller = (): void => {
  for (const {call, unless = []} of RESETS) {
    const [name, ...args] = call;
    try {
      syscall(name, args);
    } catch (error) {
      if (!isErrno(error, ...unless)) throw error;
    }
  }
  forgetSecureBits();
};

/** What they do to user 0 is not what the pod says. Nobody can change those that are locked, and without CAP_SETPCAP none. */
const forgetSecureBits = (): void => {
  if (syscall('prctl', [PR_GET_SECUREBITS, 0, 0, 0, 0]) === 0) return;
  try {
    syscall('prctl', [PR_SET_SECUREBITS, 0, 0, 0, 0]);
  } catch (error) {
    if (!isErrno(error, 'EPERM')) throw error;
  }
};
