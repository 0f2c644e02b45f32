import {constants, writeFileSync} from 'node:fs';
import {callProgram} from './call-program.ts';
import {capabilityCall, ownCapabilities} from './capabilities.ts';
import {idMapRefused, userNamespaceRefused} from './errors.ts';
import type {Fd} from './fd.ts';
import {closeOnExecFrom} from './fd-flags.ts';
import {openHost} from './openat2.ts';
import {startFailure} from './start-failure.ts';
import {isErrno} from './syscall-error.ts';

/** Ids 0 to `count` − 1 of a user namespace are these of the host, from `base` on. */
export interface IdMap {
  readonly base: number;
  readonly count: number;
}

const CLONE_NEWUSER = 0x1000_0000;
const PR_SET_DUMPABLE = 4;

/** Says that it has left our namespace, and waits until it is killed or forgotten. */
const firstMember = (owner: number): Fd => {
  const otherwise = {say: '', status: 1};
  const {permitted, inheritable} = ownCapabilities();
  const closed = {name: 'prctl', args: [PR_SET_DUMPABLE, 0, 0, 0, 0], otherwise} as const;
  return callProgram([
    closed,
    // Whoever is the owner has every capability over it: not root, who may be of a pod.
    {name: 'setresuid', args: [-1, owner, -1], otherwise},
    {...capabilityCall({effective: permitted, permitted, inheritable}), otherwise},
    closed,
    {name: 'unshare', args: [CLONE_NEWUSER], otherwise},
    closed,
    {name: 'write', args: [1, Buffer.from('\n'), 1], otherwise},
    {name: 'read', args: [0, Buffer.alloc(8), 1], otherwise},
    // The last call must not return, and a closed descriptor has nothing to be read.
    {name: 'read', args: [-1, 0, 0], otherwise: {say: '', status: 0}},
  ]);
};

/**
 * A user namespace with that map for users and groups, as what mounts take their map from. This process has threads and can make none itself: a program of system calls is
 * its first member, and ends before this returns. Its owner, who has every capability over it, is root of the pod to come and not of the host, who is root of pods
 * without a user namespace, too (S28).
 * @throws RKT_ID_MAP_REFUSED, RKT_USER_NAMESPACE_REFUSED; EMFILE
 */
export const makeUserNamespace = async ({base, count}: IdMap): Promise<Fd> => {
  const {spawn} = process.getBuiltinModule('node:child_process');
  using program = firstMember(base);
  closeOnExecFrom(3);
  const child = spawn(program.path, [], {stdio: ['pipe', 'pipe', 'ignore'], env: {}});
  const failure = await startFailure(child);
  if (failure !== undefined) throw isErrno(failure, 'EMFILE') ? failure : userNamespaceRefused(failure);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  try {
    // Its line says that it has left our namespace.
    const there = await new Promise<boolean>((resolve, reject) => {
      child.once('error', reject);
      child.stdout.once('data', () => resolve(true));
      child.stdout.once('end', () => resolve(false));
    });
    if (!there) throw userNamespaceRefused();
    for (const file of ['uid_map', 'gid_map']) writeMap(`/proc/${child.pid}/${file}`, `0 ${base} ${count}`);
    return openHost(`/proc/${child.pid}/ns/user`, constants.O_RDONLY);
  } finally {
    child.stdin.destroy();
    child.kill('SIGKILL');
    await ended;
  }
};

const writeMap = (file: string, map: string): void => {
  try {
    writeFileSync(file, map);
  } catch (error) {
    throw isErrno(error, 'EPERM') ? idMapRefused(error) : error;
  }
};
