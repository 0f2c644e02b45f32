import {syscall} from './libc.ts';
import {waitsUninterruptibly} from './process-identity.ts';
import {BPF_INSTRUCTION, BPF_MAX_INSTRUCTIONS} from './seccomp.ts';
import {sleep} from './sleep.ts';
import {isErrno, SyscallError} from './syscall-error.ts';

/** linux/ptrace.h, sys/wait.h */
const PTRACE = {detach: 17, seize: 0x4206, interrupt: 0x4207, seccompGetFilter: 0x420c} as const;
const WNOHANG = 1;
const WALL = 0x4000_0000;
const EVENT_STOP = 128;
const ETIMEDOUT = 110;

/** How long a process may need to come out of a system call. */
const PATIENCE = {milliseconds: 5, times: 400} as const;

/**
 * The programs of the seccomp filters of a process, as the kernel holds them (PTRACE_SECCOMP_GET_FILTER), which halts it for a moment. Takes CAP_SYS_ADMIN,
 * no filter on this process itself, and a process that nobody traces.
 * @throws {SyscallError} EACCES, EPERM, EINVAL where the kernel does not tell, ESRCH when the process has ended, ETIMEDOUT when it cannot be halted
 */
export const readFilters = (pid: number): Buffer[] => {
  // What waits uninterruptibly does not halt, and could not be let go again before this process ends.
  if (waitsUninterruptibly(pid)) throw new SyscallError('ptrace', ETIMEDOUT, `process ${pid}`);
  syscall('ptrace', [PTRACE.seize, pid, null, null], `process ${pid}`);
  let signal = 0;
  try {
    syscall('ptrace', [PTRACE.interrupt, pid, null, null], `process ${pid}`);
    signal = awaitStop(pid);
    return allFilters(pid);
  } finally {
    detach(pid, signal);
  }
};

/** Returns the signal that the process was about to get, 0 if it stopped for us. */
const awaitStop = (pid: number): number => {
  const status = Buffer.alloc(4);
  for (let attempt = 0; attempt < PATIENCE.times; attempt++) {
    if (syscall('wait4', [pid, status, WNOHANG | WALL, null], `process ${pid}`) === pid) {
      const word = status.readUInt32LE(0);
      if ((word & 0xff) !== 0x7f) throw new SyscallError('wait4', 3, `process ${pid}`);
      return word >>> 16 === EVENT_STOP ? 0 : (word >>> 8) & 0xff;
    }
    sleep(PATIENCE.milliseconds);
  }
  throw new SyscallError('wait4', ETIMEDOUT, `process ${pid}`);
};

const allFilters = (pid: number): Buffer[] => {
  const filters: Buffer[] = [];
  const buffer = Buffer.alloc(BPF_INSTRUCTION * BPF_MAX_INSTRUCTIONS);
  for (;;) {
    try {
      const length = syscall('ptrace', [PTRACE.seccompGetFilter, pid, filters.length, buffer], `process ${pid}`);
      filters.push(Buffer.from(buffer.subarray(0, length * BPF_INSTRUCTION)));
    } catch (error) {
      // No further one.
      if (isErrno(error, 'ENOENT')) return filters;
      throw error;
    }
  }
};

const detach = (pid: number, signal: number): void => {
  try {
    syscall('ptrace', [PTRACE.detach, pid, null, signal], `process ${pid}`);
  } catch (error) {
    // It has ended; or it has not come to a halt, and is let go only by the end of this process, which must not become another program then.
    if (!isErrno(error, 'ESRCH') || waitsUninterruptibly(pid)) throw error;
  }
};
