import {constants} from 'node:fs';
import {RktError} from '../rkt-error.ts';
import {callProgram, type ProgramCall} from './call-program.ts';
import {prepareExec, SECCOMP_SET_MODE_FILTER} from './exec.ts';
import type {Fd} from './fd.ts';
import {firstFreeAfterExec, keepOnExec} from './fd-flags.ts';
import {cString} from './libc.ts';
import {filtersOfUser} from './own-filters.ts';
import {passedSockets} from './passed-sockets.ts';
import {pipe} from './pipe.ts';
import {PROGRAM_DIRECTORIES, requireProgram} from './programs.ts';
import {restoreStdio} from './restore.ts';
import {newSessionKeyring} from './session-keyring.ts';
import type {SubordinateIds} from './subordinate-ids.ts';

/** linux/sched.h */
const CLONE = {user: 0x1000_0000, mount: 0x2_0000} as const;
const AT_FDCWD = -100;
/** `struct open_how` */
const HOW_BYTES = 24;

export interface Anew {
  readonly program: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What is told on standard error where the kernel refuses, with exit status `status`. */
  readonly refused: {readonly say: string; readonly status: number};
}

/**
 * Begins anew as root of a user namespace that there is, of whose owner this process is, and of a new mount namespace.
 */
export const becomeRootOf = (namespace: Fd, anew: Anew): never => {
  const call = caller(anew);
  keepOnExec(namespace.number);
  return start([
    call('setns', namespace.number, CLONE.user),
    call('close_range', namespace.number, namespace.number, 0),
    call('unshare', CLONE.mount),
    ...again(anew),
  ]);
};

/** A program and its arguments, told the number of this process, maps users and groups, and says so on descriptor 4 when it is asked on 3. Of which ids it may, the programs themselves judge. */
const MAP = `read -r _ <&3 || exit 1
exec 3<&-
"$1" "$3" 0 "$4" 1 1 "$5" "$6" && "$2" "$3" 0 "$7" 1 1 "$8" "$9" && echo >&4`;

/**
 * {@link becomeOwnRoot} with subordinate ids from 1 on, too. They are given by programs of the host that have rights for that, which a child of this process starts from outside of the namespace.
 * @param refused where they do not give them
 */
export const becomeOwnRootWith = (ids: SubordinateIds, anew: Anew, refused: Anew['refused']): never => {
  keepPassedSockets();
  const {spawn} = process.getBuiltinModule('node:child_process');
  const call = caller(anew);
  const [ask, answer] = [pipe(), pipe()];
  const own = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  const [users, groups] = [ids.users, ids.groups].map(({first, count}, index) =>
    [own[index] ?? 0, first, count].map(String),
  );
  const args = [ids.newuidmap, ids.newgidmap, String(process.pid), ...(users ?? []), ...(groups ?? [])];
  const child = spawn(requireProgram('sh'), ['-c', MAP, 'sh', ...args], {
    stdio: ['ignore', 'ignore', 'ignore', ask.read.number, answer.write.number],
    env: {PATH: PROGRAM_DIRECTORIES.join(':')},
    cwd: '/',
  });
  if (child.pid === undefined) throw new Error('a shell that cannot be started');
  const ends = [ask.write, answer.read];
  for (const {number} of ends) keepOnExec(number);
  return start([
    call('unshare', CLONE.user | CLONE.mount),
    call('write', ask.write.number, Buffer.from('\n'), 1),
    // Nothing is to be read, either, when it has ended without an answer.
    call('read', answer.read.number, Buffer.alloc(8), 1),
    call('wait4', child.pid, 0, 0, 0),
    // Without a map nobody is 0 there.
    {...call('setresgid', 0, 0, 0), otherwise: refused},
    {...call('setresuid', 0, 0, 0), otherwise: refused},
    ...ends.map(({number}) => call('close_range', number, number, 0)),
    ...again(anew),
  ]);
};

/**
 * Begins anew as root of a user namespace that has this process's own user and group as its root, and nobody else, and of a mount namespace: the process stays the same. Threads
 * cannot leave a user namespace: a program of system calls takes the place of this one first.
 * Further groups of the user stay, because nobody may drop them there.
 */
export const becomeOwnRoot = (anew: Anew): never => {
  keepPassedSockets();
  const call = caller(anew);
  // The one that the kernel gives next.
  const file = firstFreeAfterExec();
  const write = (path: string, text: string): ProgramCall[] => [
    call('openat2', AT_FDCWD, cString(path), howToWrite(), HOW_BYTES),
    call('write', file, Buffer.from(text), text.length),
    call('close_range', file, file, 0),
  ];
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  return start([
    call('unshare', CLONE.user | CLONE.mount),
    ...write('/proc/self/setgroups', 'deny'),
    ...write('/proc/self/uid_map', `0 ${uid} 1`),
    ...write('/proc/self/gid_map', `0 ${gid} 1`),
    ...again(anew),
  ]);
};

const caller =
  ({refused: otherwise}: Anew) =>
  (name: ProgramCall['name'], ...args: ProgramCall['args']): ProgramCall => ({name, args, otherwise});

/** Without the user's keys (S35), and then no key is within reach any more. */
const again = (anew: Anew): ProgramCall[] => {
  const call = caller(anew);
  return [
    ...newSessionKeyring().map(({name, args}) => call(name, ...args)),
    ...filtersOfUser().map((filter) => call('seccomp', SECCOMP_SET_MODE_FILTER, 0, {filter})),
    call(
      'execve',
      cString(anew.program),
      {strings: anew.argv.map(cString)},
      {strings: variables(anew.env).map(cString)},
    ),
  ];
};

const variables = (env: Anew['env']): string[] =>
  Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));

const howToWrite = (): Buffer => {
  const how = Buffer.alloc(HOW_BYTES);
  how.writeBigUInt64LE(BigInt(constants.O_WRONLY), 0);
  return how;
};

/** What a service manager has passed is for whoever this process becomes; Node.js has had it closed. What is no socket they tell themselves. */
const keepPassedSockets = (): void => {
  try {
    for (const fd of passedSockets().fds) keepOnExec(fd);
  } catch (error) {
    if (!(error instanceof RktError)) throw error;
  }
};

const start = (calls: readonly ProgramCall[]): never => {
  const program = callProgram(calls);
  const exec = prepareExec({argv: ['rkt'], env: [], rlimits: [], filters: []});
  restoreStdio();
  return exec(program.path);
};
