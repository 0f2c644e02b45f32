import type {ChildProcess} from 'node:child_process';
import {syscall} from './libc.ts';
import {signalNumbers} from './signal-numbers.ts';

/**
 * Waits for the end of a child that Node.js has started, without giving Node.js a turn: `exit status 3`, `SIGKILL`. A second call for the same child is an error of the caller.
 * @throws {SyscallError} ECHILD
 */
export const childEnd = (child: ChildProcess): string => {
  // Node.js was faster.
  if (child.exitCode !== null) return `exit status ${child.exitCode}`;
  if (child.signalCode !== null) return child.signalCode;
  const status = Buffer.alloc(4);
  syscall('wait4', [child.pid ?? 0, status, 0, null], `process ${child.pid}`);
  const word = status.readInt32LE(0);
  const signal = word & 0x7f;
  if (signal === 0) return `exit status ${(word >>> 8) & 0xff}`;
  return Object.entries(signalNumbers()).find(([, number]) => number === signal)?.[0] ?? `signal ${signal}`;
};
