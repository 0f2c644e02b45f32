import {type SyscallName, syscall} from './libc.ts';

/** A system call that changes what the calling thread is, and not made yet: by this thread, or by a program of calls. */
export interface ThreadCall {
  readonly name: SyscallName;
  readonly args: readonly (number | Uint8Array)[];
  /** What it is about. */
  readonly what: string;
}

/** Makes them, on this thread. */
export const makeThreadCalls = (calls: readonly ThreadCall[]): void => {
  for (const {name, args, what} of calls) syscall(name, args, what);
};
