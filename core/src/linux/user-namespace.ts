import {constants, writeFileSync} from 'node:fs';
import type {Fd} from './fd.ts';
import {openHost} from './openat2.ts';
import {requireProgram} from './programs.ts';
import {SyscallError} from './syscall-error.ts';

/** Ids 0 to `count` − 1 of a user namespace are these of the host, from `base` on. */
export interface IdMap {
  readonly base: number;
  readonly count: number;
}

const ENOENT = 2;

/**
 * A user namespace with that map for users and groups, as what mounts take their map from. This process has threads and can make none itself: a shell of the
 * host in `unshare` (util-linux) is its first member, and ends before this returns.
 */
export const makeUserNamespace = async ({base, count}: IdMap): Promise<Fd> => {
  const {spawn} = process.getBuiltinModule('node:child_process');
  const child = spawn(requireProgram('unshare'), ['--user', '--', requireProgram('sh'), '-c', 'echo && read line'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {},
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  try {
    // Its line says that it has left our namespace.
    const there = await new Promise<boolean>((resolve, reject) => {
      child.once('error', reject);
      child.stdout.once('data', () => resolve(true));
      child.stdout.once('end', () => resolve(false));
    });
    if (!there) throw new SyscallError('unshare', ENOENT, 'user namespace');
    for (const file of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid}/${file}`, `0 ${base} ${count}`);
    return openHost(`/proc/${child.pid}/ns/user`, constants.O_RDONLY);
  } finally {
    child.stdin.destroy();
    child.kill('SIGKILL');
    await ended;
  }
};
