import type {Process} from '../contract/process.ts';
import type {RktError} from '../rkt-error.ts';
import type {ProgramCall} from './call-program.ts';
import {execFailed, execNotExecutable} from './errors.ts';
import {SECCOMP_SET_MODE_FILTER} from './exec.ts';
import {cString} from './libc.ts';
import {encodeRlimit, rlimitNumber} from './rlimits.ts';

/** linux/prctl.h, asm-generic/signal-defs.h, linux/fcntl.h, unistd.h */
const PR_SET_DUMPABLE = 4;
const PR_SET_NAME = 15;
const SIG_SETMASK = 2;
const SIGNAL_SET_BYTES = 8;
const AT_FDCWD = -100;
const AT_EACCESS = 0x200;
const X_OK = 1;

/** A call of a program of system calls. When it fails, that is the error; a text says what has failed then, by default the call. */
export type MakeCall = (name: ProgramCall['name'], args: ProgramCall['args'], error?: RktError | string) => ProgramCall;

/**
 * Makes calls of a program that says an error as rkt itself does, and ends with its exit status.
 * @param failed the error, of what has failed
 * @param describe default: its code and message
 */
export const callsThatSay =
  (
    failed: (what: string) => RktError,
    describe: (error: RktError) => string = ({code, message}) => `${code}: ${message}\n`,
  ): MakeCall =>
  (name, args, what = name) => {
    const error = typeof what === 'string' ? failed(what) : what;
    return {name, args, otherwise: {say: describe(error), status: error.exitCode}};
  };

/** Closes the program to ptrace and /proc/PID of those it lives with (S02). */
export const hideCall = (call: MakeCall): ProgramCall => call('prctl', [PR_SET_DUMPABLE, 0, 0, 0, 0]);

/** What lists of processes call the program. */
export const nameCall = (call: MakeCall, name: string): ProgramCall =>
  call('prctl', [PR_SET_NAME, cString(name), 0, 0, 0]);

export const signalsCall = (call: MakeCall, how: 'block' | 'unblock'): ProgramCall =>
  call('rt_sigprocmask', [
    SIG_SETMASK,
    Buffer.alloc(SIGNAL_SET_BYTES, how === 'block' ? 0xff : 0),
    0,
    SIGNAL_SET_BYTES,
  ]);

export const executeCall = (call: MakeCall, path: string, {argv, env}: Pick<Process, 'argv' | 'env'>): ProgramCall =>
  call(
    'execve',
    [cString(path), {strings: argv.map(cString)}, {strings: env.map(({name, value}) => cString(`${name}=${value}`))}],
    execFailed(path, new Error('the kernel refuses it')),
  );

/** The last calls before the program of an app, and the one that becomes it: what it has by then is the app's, and only limits and filters are still to come. */
export const becomeCalls = (
  call: MakeCall,
  path: string,
  {argv, env, rlimits}: Pick<Process, 'argv' | 'env' | 'rlimits'>,
  filters: readonly Buffer[],
): ProgramCall[] => [
  call(
    'faccessat2',
    [AT_FDCWD, cString(path), X_OK, AT_EACCESS],
    execNotExecutable(path, 'the kernel denies it to this user, or the file system is mounted noexec'),
  ),
  ...rlimits.map((limit) =>
    call('prlimit64', [0, rlimitNumber(limit.name), encodeRlimit(limit), 0], `the limit ${limit.name}`),
  ),
  ...filters.map((bytes) => call('seccomp', [SECCOMP_SET_MODE_FILTER, 0, {filter: bytes}])),
  executeCall(call, path, {argv, env}),
];
