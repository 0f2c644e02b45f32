import type {Launch} from '../contract/launch.ts';
import type {Process} from '../contract/process.ts';
import {assertAccess} from '../linux/access.ts';
import {compiledFilter} from '../linux/compiled-filter.ts';
import {leavingTerminal} from '../linux/controlling-terminal.ts';
import {applyCredentials, applyPrivileged, setsBeforeExec} from '../linux/credentials.ts';
import {prepareExec} from '../linux/exec.ts';
import type {Fd} from '../linux/fd.ts';
import {closeOnExecFrom, keepOnExec} from '../linux/fd-flags.ts';
import {forgetCaller} from '../linux/forget-caller.ts';
import {ownDomain} from '../linux/landlock.ts';
import {ownFilters} from '../linux/own-filters.ts';
import {passedSockets} from '../linux/passed-sockets.ts';
import {restoreProcess, restoreStdio} from '../linux/restore.ts';
import {confineNextProgram, type Labels} from '../linux/security-labels.ts';
import {newSessionKeyring} from '../linux/session-keyring.ts';
import {blockAllSignals} from '../linux/signals.ts';
import {makeThreadCalls} from '../linux/thread-call.ts';
import type {ExecutorContext} from './context.ts';
import {faultPoint} from './fault.ts';
import type {Redirect} from './redirect.ts';

export interface Program {
  readonly process: Process;
  readonly passSockets: Launch['passSockets'];
  /** Descriptors that stay open besides the standard streams and passed sockets. The variable of each has their numbers, separated by commas. */
  readonly keep?: readonly Kept[];
  /** Streams that go elsewhere than the caller's. */
  readonly redirect?: Redirect;
  /** Called right before this process becomes the program, with its rights already. */
  readonly onReady?: () => void;
  /** A program that this process becomes instead, and that starts this one. */
  readonly front?: (program: Pick<Process, 'argv' | 'env'> & Labels) => Front;
  /** `shared`: the program may have the caller's terminal, so it must not be able to type into it (S30). */
  readonly terminal: 'shared' | 'own';
}

export interface Kept {
  readonly variable: string;
  readonly fds: readonly number[];
}

export interface Front {
  readonly program: Fd;
  /** Descriptors that it takes along. */
  readonly descriptors: readonly Fd[];
}

/**
 * Becomes the program at a path, and calls back when this process is about to lose the privileges to undo anything. Returns only by an error.
 * @param root of a process that has to be kept apart from others (`Process.apart`) and has no pid namespace that does so
 */
export type Become = (path: string, onPointOfNoReturn: () => void, root?: Fd) => never;

const FIRST_BESIDES_STDIO = 3;

/**
 * Prepares everything for a program while the host's file system and /proc can still be seen. The function that it returns takes the program's
 * credentials, limits and filter, and becomes it.
 */
export const prepareToBecome = (
  {process, passSockets, keep = [], redirect, onReady, front, terminal}: Program,
  context: Pick<ExecutorContext, 'caches'>,
): Become => {
  const filter = filterOf(process, context);
  const sockets = passSockets ? passedSockets() : {fds: [], env: []};
  const filters = [...ownFilters(terminal), ...(filter === null ? [] : [filter])];
  const sets = setsBeforeExec(process, {filters: filters.length});
  const added = [...sockets.env, ...keep.map(({variable, fds}) => ({name: variable, value: fds.join()}))];
  const env = [...process.env.filter(({name}) => added.every((entry) => entry.name !== name)), ...added];
  const before = front?.({...process, env});
  const own = before === undefined ? {argv: process.argv, env} : {argv: ['rkt'], env: []};
  const exec = prepareExec({...own, rlimits: process.rlimits, filters});
  const keyring = newSessionKeyring();
  const leaveTerminal = leavingTerminal();
  applyPrivileged(process);
  if (before === undefined) confineNextProgram(process);
  forgetCaller();
  restoreProcess();
  return (path, onPointOfNoReturn, root) => {
    faultPoint('launch.credentials');
    closeOnExecFrom(FIRST_BESIDES_STDIO);
    const taken = before?.descriptors.map(({number}) => number) ?? [];
    for (const fd of [...sockets.fds, ...keep.flatMap(({fds}) => fds), ...taken]) keepOnExec(fd);
    const apart = process.apart && root !== undefined ? [ownDomain(root, {signals: 'own'})] : [];
    onPointOfNoReturn();
    makeThreadCalls(apart);
    applyCredentials(process, sets);
    makeThreadCalls(keyring);
    assertAccess(path);
    faultPoint('launch.exec');
    onReady?.();
    restoreStdio();
    redirect?.apply();
    leaveTerminal();
    // It asks for them itself.
    if (before !== undefined) blockAllSignals();
    try {
      return exec(before?.program.path ?? path);
    } catch (error) {
      redirect?.undo();
      throw error;
    }
  };
};

/** The compiled filter of a process, from the cache if it is there. */
export const filterOf = ({seccomp}: Process, {caches}: Pick<ExecutorContext, 'caches'>): Buffer | null =>
  seccomp === null ? null : compiledFilter(seccomp, caches.seccomp);
