import {dismissCompanions} from '../linux/companions.ts';
import {hide} from '../linux/credentials.ts';
import {syscall} from '../linux/libc.ts';
import {pseudoTerminalOfHost} from '../linux/pseudo-terminal.ts';
import {isTerminal, TIOCSCTTY} from '../linux/terminal.ts';
import {relayTerminal, resemble} from './relay-terminal.ts';
import {isStartedAnew, TERMINAL_MARK} from './terminal-mark.ts';

const STREAMS = [0, 1, 2] as const;

export interface HandOver {
  /** What this process has found out for the other, in words (`foundBefore`). Default: nothing. */
  readonly found?: readonly string[];
  /** Releases what this process holds, before it starts the other. */
  readonly release?: () => void;
}

/**
 * Starts this process again from the beginning, on a terminal of its own, and stays to relay that. Otherwise the program that this process becomes would have the caller's terminal, and what outlives the program would go on
 * reading it (S30). Must be called before anything has been changed. Returns in the process that was started; in this one only if no stream is a terminal, or if the program has to have this very process number (passed
 * sockets, a service manager that waits for it).
 */
export const onOwnTerminal = async ({found = [], release}: HandOver = {}): Promise<void> => {
  const onTerminal = STREAMS.filter(isTerminal);
  const [first] = onTerminal;
  const {LISTEN_PID, NOTIFY_SOCKET} = process.env;
  const isInside = isStartedAnew();
  delete process.env[TERMINAL_MARK];
  if (first === undefined || LISTEN_PID === String(process.pid) || NOTIFY_SOCKET !== undefined) return;
  if (isInside) {
    syscall('ioctl', [first, TIOCSCTTY, 0], 'terminal');
    return;
  }
  release?.();
  dismissCompanions();
  hide();
  const {inside, outside} = pseudoTerminalOfHost();
  resemble(inside, onTerminal);
  const {spawn} = process.getBuiltinModule('node:child_process');
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    argv0: process.argv0,
    stdio: STREAMS.map((stream) => (onTerminal.includes(stream) ? inside.number : stream)),
    env: {...process.env, [TERMINAL_MARK]: [process.pid, ...found].join(' ')},
    detached: true,
  });
  inside.close();
  return relayTerminal({child, outside: outside.release(), streams: onTerminal});
};
