import {constants} from 'node:fs';
import type {HostPath} from '../contract/names.ts';
import type {ProcessIdentity} from '../contract/pod.ts';
import type {Process} from '../contract/process.ts';
import {closeOnExecFrom} from '../linux/fd-flags.ts';
import {setNamespaces} from '../linux/namespaces.ts';
import {openHost} from '../linux/openat2.ts';
import {openProcess} from '../linux/pidfd.ts';
import {isProgram} from '../linux/programs.ts';
import {isErrno} from '../linux/syscall-error.ts';

/** A program of a stage1 that was made for rkt. */
export interface Entrypoint {
  /** Its path where the pod's mounts can be seen. Root of the pod may have changed what is there. */
  readonly path: HostPath;
  /** Its path in the store. It is this one that is called: root of the host runs nothing that a pod has written (S03). */
  readonly stored: HostPath;
}

/** Milliseconds that an entrypoint may take for which rkt waits. */
const LIMIT = 60_000;
const FIRST_BESIDES_STDIO = 3;

/** Enters the mount namespace of the pod's supervisor if it is still in one with the pod's mounts, and stays there; otherwise stays where this process is. */
export const goToEntrypoint = (supervisor: ProcessIdentity, {path}: Entrypoint): void => {
  using home = openHost('/proc/self/ns/mnt', constants.O_RDONLY);
  using process = openProcess(supervisor);
  if (process === undefined) return;
  try {
    setNamespaces(process, ['mount']);
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return;
    throw error;
  }
  if (!isProgram(path)) setNamespaces(home, ['mount']);
};

/** Does something that may enter another mount namespace, and comes back to the one of now. */
export const restoringMountNamespace = <T>(act: () => T): T => {
  using home = openHost('/proc/self/ns/mnt', constants.O_RDONLY);
  try {
    return act();
  } finally {
    setNamespaces(home, ['mount']);
  }
};

/**
 * Calls an entrypoint and waits for its end. Its output goes to standard error, because standard output is rkt's.
 * @returns how it has ended, if not with 0
 */
export const callEntrypoint = (
  program: HostPath,
  args: readonly string[],
  {directory, env}: {readonly directory: HostPath; readonly env: Process['env']},
): string | undefined => {
  const {spawnSync} = process.getBuiltinModule('node:child_process');
  closeOnExecFrom(FIRST_BESIDES_STDIO);
  const {status, signal, error} = spawnSync(program, args, {
    cwd: directory,
    env: Object.fromEntries(env.map(({name, value}) => [name, value])),
    stdio: ['ignore', 2, 2],
    timeout: LIMIT,
    killSignal: 'SIGKILL',
  });
  if (isErrno(error, 'ETIMEDOUT')) return `it has not ended within ${LIMIT / 1000} s, and was killed`;
  if (error !== undefined) return error.message;
  return status === 0 ? undefined : `it ended with ${signal ?? `exit status ${status}`}`;
};
