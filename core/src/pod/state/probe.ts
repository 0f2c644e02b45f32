import {constants} from 'node:fs';
import type {HostPath, Uuid} from '../../contract/names.ts';
import {hasLock} from '../../linux/has-lock.ts';
import {lockFd} from '../../linux/lock.ts';
import {O_PATH, openHost} from '../../linux/openat2.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {podDirectory} from './layout.ts';
import {hasProcesses, type Look} from './liveness.ts';
import {type PodDirectory, type PodState, stateOf} from './states.ts';
import {readSupervisor, type Supervisor} from './supervisor.ts';

export interface Probe {
  readonly state: PodState;
  /** Of a pod that was launched. */
  readonly supervisor: Supervisor | undefined;
}

/** State of the pod in one directory; `undefined` if it is not there (any more). Changes nothing and waits for nobody. */
export const probe = (dataDir: HostPath, directory: PodDirectory, uuid: Uuid, look?: Look): Probe | undefined => {
  const path = podDirectory(dataDir, directory, uuid);
  switch (directory) {
    case 'embryo':
    case 'prepared':
      // The lock says nothing there.
      return {state: stateOf(directory, {locked: false, alive: false}), supervisor: undefined};
    case 'run':
      return probeRun(path, look);
    default: {
      const locked = isLocked(path);
      if (locked === undefined) return undefined;
      const supervisor = directory === 'exited-garbage' ? readSupervisor(path) : undefined;
      return {state: stateOf(directory, {locked, alive: false}), supervisor};
    }
  }
};

const probeRun = (path: HostPath, look?: Look): Probe | undefined => {
  const launched = readSupervisor(path);
  // The process that holds the lock is the supervisor itself, and its life says the same.
  if (launched?.summary.flavor.liveness === 'cgroup') {
    return {state: stateOf('run', {locked: false, alive: hasProcesses(launched, look)}), supervisor: launched};
  }
  const locked = isLocked(path);
  if (locked === undefined) return undefined;
  // After the lock: the pod may have been launched since the first look.
  const supervisor = launched ?? readSupervisor(path);
  return {state: stateOf('run', {locked, alive: !locked && hasProcesses(supervisor, look)}), supervisor};
};

/**
 * Whether somebody owns the pod in `path`; `undefined` if there is none. Takes a shared lock for an instant, so that no owner is mistaken for
 * another reader, and no reader for an owner. Who may not open the directory, and so not lock it, asks the kernel.
 */
export const isLocked = (path: HostPath): boolean | undefined => {
  try {
    using directory = openHost(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    return !lockFd(directory, 'shared');
  } catch (error) {
    if (isErrno(error, 'EACCES')) return isLockedByOthers(path);
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
};

const isLockedByOthers = (path: HostPath): boolean | undefined => {
  try {
    using directory = openHost(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    return hasLock(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
};
