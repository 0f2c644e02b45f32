import {constants, readSync, writeSync} from 'node:fs';
import type {ProcessIdentity} from '../contract/pod.ts';
import {callProgram, type ProgramCall} from './call-program.ts';
import {procRefused} from './errors.ts';
import type {Fd} from './fd.ts';
import {closeOnExecFrom} from './fd-flags.ts';
import {cString} from './libc.ts';
import {O_PATH, openHost} from './openat2.ts';
import {openProcess, pidfdWait} from './pidfd.ts';
import {pipe} from './pipe.ts';
import {identify} from './process-identity.ts';
import {hideCall, nameCall} from './program-calls.ts';
import {socketPair} from './socket-pair.ts';

/** The first process of a pid namespace, with whose end the kernel ends all others there. */
export interface FirstProcess {
  readonly identity: ProcessIdentity;
  /** It ends when nobody has this descriptor any more. */
  readonly holds: Fd;
  /** Where its answer comes from. */
  readonly answers: Fd;
}

/** asm-generic/signal-defs.h, linux/mount.h */
const SIGCHLD = 17;
const SIG_IGN = 1n;
const SIGNAL_SET_BYTES = 8;
const ACTION_BYTES = 32;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const NOSUID_NODEV_NOEXEC = 0xe;

/** Its descriptors: the standard ones, and what it opens. */
const [HOLDS, ANSWER, CONTEXT, PROC] = [0, 1, 3, 4];
const MOUNTS = 'fsmount';

/**
 * Starts it, after `unshare(['pid'])`: some system calls, no library and no loader, in the mount namespace of this process. It reaps whom nobody else does, because it ignores that they end. What signals it
 * from within its namespace is not heard.
 */
export const startFirstProcess = (): FirstProcess => {
  const {spawn} = process.getBuiltinModule('node:child_process');
  // Not a pipe: an app that may look into this process (CAP_SYS_PTRACE) would have it from /proc/1/fd, and with it what ends the namespace.
  const [holds, ofChild] = socketPair();
  using held = ofChild;
  const answer = pipe();
  using said = answer.write;
  using program = callProgram(calls());
  closeOnExecFrom(CONTEXT);
  const child = spawn(program.path, [], {
    argv0: 'rkt',
    stdio: [held.number, said.number, said.number],
    env: {},
    cwd: '/',
    // What a terminal sends is for the app.
    detached: true,
  });
  child.unref();
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (identity === undefined) throw new Error('the first process of a pid namespace cannot be started');
  return {identity, holds, answers: answer.read};
};

/**
 * Has it mount the file system `proc` of its namespace, once. For an ordinary user the kernel mounts one only beside one of which nothing is hidden.
 * @returns a mount that has no place yet
 * @throws RKT_PROC_REFUSED
 */
export const procOf = ({identity: {pid}, holds, answers}: FirstProcess): Fd => {
  writeSync(holds.number, READY);
  using from = answers;
  const bytes = Buffer.alloc(64);
  const answer = bytes.toString('latin1', 0, readSync(from.number, bytes));
  if (answer === MOUNTS) throw procRefused();
  if (answer !== READY)
    throw new Error(`the first process of a pid namespace mounts no proc (${answer || 'it has ended'})`);
  return openHost(`/proc/${pid}/fd/${PROC}`, O_PATH | constants.O_DIRECTORY);
};

/** Ends it, and whoever else is in its namespace. */
export const endFirstProcess = ({identity, holds}: FirstProcess): void => {
  using process = openProcess(identity);
  holds.close();
  if (process !== undefined) pidfdWait(process, PATIENCE);
};

const PATIENCE = 10_000;
const READY = '\n';

const calls = (): ProgramCall[] => {
  const call = (name: ProgramCall['name'], args: ProgramCall['args']): ProgramCall => ({
    name,
    args,
    otherwise: {say: name, status: 1},
  });
  const ignored = Buffer.alloc(ACTION_BYTES);
  ignored.writeBigUInt64LE(SIG_IGN, 0);
  return [
    hideCall(call),
    nameCall(call, 'rkt'),
    call('rt_sigaction', [SIGCHLD, ignored, 0, SIGNAL_SET_BYTES]),
    call('read', [HOLDS, Buffer.alloc(8), 1]),
    call('fsopen', [cString('proc'), 0]),
    call('fsconfig', [CONTEXT, FSCONFIG_SET_STRING, cString('source'), cString('proc'), 0]),
    call('fsconfig', [CONTEXT, FSCONFIG_CMD_CREATE, 0, 0, 0]),
    call(MOUNTS, [CONTEXT, 0, NOSUID_NODEV_NOEXEC]),
    call('write', [ANSWER, Buffer.from(READY), 1]),
    call('close_range', [ANSWER, CONTEXT, 0]),
    call('read', [HOLDS, Buffer.alloc(8), 1]),
    call('exit_group', [0]),
  ];
};
