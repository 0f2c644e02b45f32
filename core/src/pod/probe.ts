import {constants} from 'node:fs';
import type {HostPath, Uuid} from '../contract/names.ts';
import {lockFd} from '../linux/lock.ts';
import {openHost} from '../linux/openat2.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {podDirectory} from './layout.ts';
import {hasProcesses} from './liveness.ts';
import {type PodDirectory, type PodState, stateOf} from './states.ts';
import {readSupervisor, type Supervisor} from './supervisor.ts';

export interface Probe {
  readonly state: PodState;
  /** Somebody holds its lock: until it is launched, and longer if the flavor keeps it. */
  readonly locked: boolean;
  /** Of a pod that was launched. */
  readonly supervisor: Supervisor | undefined;
}

/** Where the lock says nothing. */
const UNLOCKED: readonly PodDirectory[] = ['embryo', 'prepared'];

/** State of the pod in one directory; `undefined` if it is not there (any more). Changes nothing and waits for nobody. */
export const probe = (dataDir: HostPath, directory: PodDirectory, uuid: Uuid): Probe | undefined => {
  if (UNLOCKED.includes(directory)) {
    return {state: stateOf(directory, {locked: false, alive: false}), locked: false, supervisor: undefined};
  }
  const path = podDirectory(dataDir, directory, uuid);
  const locked = isLocked(path);
  if (locked === undefined) return undefined;
  // After the lock: at execve the one takes over from the other, never before.
  const supervisor = directory === 'prepare' || directory === 'garbage' ? undefined : readSupervisor(path);
  const alive = directory === 'run' && !locked && hasProcesses(supervisor);
  return {state: stateOf(directory, {locked, alive}), locked, supervisor};
};

/** A shared lock, held for an instant: no owner is mistaken for another reader, and no reader for an owner. */
const isLocked = (path: string): boolean | undefined => {
  try {
    using directory = openHost(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    return !lockFd(directory, 'shared');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
};
