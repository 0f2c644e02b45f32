import {
  chmodSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {dirname} from 'node:path';
import {chroot} from './chroot.ts';
import {isolationFailed} from './errors.ts';
import type {Fd} from './fd.ts';
import {closeOnExecFrom} from './fd-flags.ts';
import {syscall} from './libc.ts';
import {mayReturn} from './may-return.ts';
import {makeAllPrivate, moveMount, newFileSystem, openTree, pivotRoot, setMountAttributes} from './mount.ts';
import {O_PATH, openHost} from './openat2.ts';
import {newSessionKeyring} from './session-keyring.ts';
import {isErrno, isSystemError} from './syscall-error.ts';
import {makeThreadCalls} from './thread-call.ts';

/*
 * Programs that we start are seen by pods that share the host's pid namespace, and whoever may look into a process has its root directory
 * (/proc/PID/root) and its files. So none of them is ever there to be looked into (S28): before it is forked, this thread takes on what the program is
 * to have, and puts it off again after.
 *
 * - Its real user and group are others than its effective ones: the kernel lets nobody without CAP_SYS_PTRACE look into such a process, whatever user and
 *   capabilities it takes on (ptrace(2), access mode checking), and makes it undumpable at each execve.
 * - Its root directory, of a mount namespace of its own, has the programs of the host, read-only, and what it is given.
 * - It sees no process but its own (a pid namespace).
 * - Its session keyring is a new one, which no other such program has, and not that of rkt's caller (S35). There is no way back from it: from then on rkt itself has none
 *   of its caller's keys, as no app has.
 */

/** A file or directory that a program is given. */
export interface Shown {
  /** Absolute, below a directory that the programs of a host are not in. */
  readonly at: string;
  readonly file: Fd;
  /** Default false. */
  readonly writable?: boolean;
  /** It is a mount that has no place yet, to be put there as it is. Default false. */
  readonly detached?: boolean;
}

/** Where the program finds it. While it runs, `file` has to stay open. */
export const seenAt = ({at, file}: Shown): string => (isRoot() ? at : `/proc/${process.pid}/fd/${file.number}`);

const isRoot = (): boolean => process.geteuid?.() === 0;

/** What programs of a host need of it. */
const PROGRAMS = [
  '/bin',
  '/etc/alternatives',
  '/etc/ld.so.cache',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/sbin',
  '/usr',
] as const;

/** Whether every program sees a file of the host. */
export const isShownToAll = (file: string): boolean =>
  PROGRAMS.some((place) => file === place || file.startsWith(`${place}/`));

/** Neither root nor anybody's: a user of that number could signal these programs, no more. */
export const NOBODY_ELSE = 65_533;

/** linux/sched.h, linux/prctl.h */
const CLONE = {fs: 0x200, mount: 0x20000, ipc: 0x8000000, pid: 0x20000000, network: 0x40000000} as const;
const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;
const DIRECTORY = O_PATH | constants.O_DIRECTORY;
const FIRST_BESIDES_STDIO = 3;

/**
 * Has `start` start a program that no pod can look into. Everything that `start` does happens in the program's own root directory: it starts it, and no more, with
 * files that are open already, and only those that it gives it. Who is not root has nothing to hide, and no means.
 * @param shown `all`: the whole of the host, read-only
 * @param offline it is not a program of the host: it sees no network either, and nobody's System V IPC, and has to end first where memory is short. Where there is no way back, every program leaves them by itself (in-own-namespaces.ts)
 * @throws RKT_ISOLATION_FAILED
 */
export const isolated = <T>(shown: readonly Shown[] | 'all', start: () => T, {offline = false} = {}): T => {
  // What rkt's caller left open is nobody else's business; what a pod is to have of it the executor keeps by itself.
  closeOnExecFrom(FIRST_BESIDES_STDIO);
  if (!isRoot()) return start();
  const returns = mayReturn();
  using undo = new DisposableStack();
  try {
    if (offline) {
      endFirst(undo);
      if (returns) for (const name of ['net', 'ipc'] as const) leave(name, undo);
    }
    makeThreadCalls(newSessionKeyring());
    enter(shown, returns, undo);
  } catch (error) {
    throw isSystemError(error) ? isolationFailed(error) : error;
  }
  return start();
};

const OOM_SCORE = '/proc/self/oom_score_adj';
const FIRST_TO_END = '1000';

/** It could take all memory by many processes, each of which has bounded memory. */
const endFirst = (undo: DisposableStack): void => {
  const before = readFileSync(OOM_SCORE, 'latin1');
  undo.defer(() => writeFileSync(OOM_SCORE, before));
  writeFileSync(OOM_SCORE, FIRST_TO_END);
};

const leave = (name: 'net' | 'ipc', undo: DisposableStack): void => {
  const flag = name === 'net' ? CLONE.network : CLONE.ipc;
  const namespace = undo.use(openHost(`/proc/thread-self/ns/${name}`, constants.O_RDONLY));
  syscall('unshare', [flag], name);
  undo.defer(() => void syscall('setns', [namespace.number, flag], name));
};

/** A symlink of the host, made anew, or a mount. */
type Part = {readonly at: string; readonly link: string} | {readonly at: string; readonly mount: Fd};

/** @param returns there is a way back into the pids of the host. Else the program leaves them and takes on its ids by itself, and a pod, which has a user namespace of its own, looks into none of another */
const enter = (shown: readonly Shown[] | 'all', returns: boolean, undo: DisposableStack): void => {
  const root = undo.use(
    shown === 'all' ? clone('/') : newFileSystem('tmpfs', [['mode', '0755']], ['nosuid', 'nodev', 'noexec']),
  );
  // Cloned here, because they are mounts of this namespace.
  const parts = shown === 'all' ? [] : [...PROGRAMS.flatMap(partOfHost), ...shown.map(given)];
  for (const part of parts) if ('mount' in part) undo.use(part.mount);
  const children = undo.use(openHost('/proc/thread-self/ns/pid_for_children', constants.O_RDONLY));
  leaveMounts(undo);
  {
    using top = openHost('/', DIRECTORY);
    moveMount(root, top);
  }
  becomeRoot(root);
  for (const part of parts) place(part);
  if (shown !== 'all') setMountAttributes(root, {flags: ['ro']});
  if (!returns) return;
  syscall('unshare', [CLONE.pid], 'pid');
  undo.defer(() => void syscall('setns', [children.number, CLONE.pid], 'pid'));
  splitIds(undo);
};

const clone = (source: string | Fd, {writable = false}: Partial<Shown> = {}): Fd => {
  using file = typeof source === 'string' ? openHost(source, O_PATH) : undefined;
  const mount = openTree(file ?? (source as Fd), {recursive: true});
  setMountAttributes(mount, {
    flags: ['nosuid', 'nodev', writable ? 'noexec' : 'ro'],
    propagation: 'private',
    recursive: true,
  });
  return mount;
};

const given = (shown: Shown): Part => ({
  at: shown.at,
  mount: shown.detached === true ? shown.file : clone(shown.file, shown),
});

const partOfHost = (at: string): readonly Part[] => {
  const stats = lstatSync(at, {throwIfNoEntry: false});
  if (stats === undefined) return [];
  return [stats.isSymbolicLink() ? {at, link: readlinkSync(at)} : {at, mount: clone(at)}];
};

const leaveMounts = (undo: DisposableStack): void => {
  // Whoever is to come back to a mount namespace must share its root and working directory with no other thread.
  syscall('unshare', [CLONE.fs], 'fs');
  const namespace = undo.use(openHost('/proc/thread-self/ns/mnt', constants.O_RDONLY));
  const root = undo.use(openHost('/', DIRECTORY));
  const current = undo.use(openHost('.', DIRECTORY));
  syscall('unshare', [CLONE.mount], 'mount');
  undo.defer(() => {
    syscall('setns', [namespace.number, CLONE.mount], 'mount');
    chroot(root);
    syscall('fchdir', [current.number], current.path);
  });
  makeAllPrivate();
};

const becomeRoot = (root: Fd): void => {
  try {
    pivotRoot(root);
  } catch (error) {
    // The first root file system of a machine (initramfs) cannot be put away.
    if (!isErrno(error, 'EINVAL')) throw error;
    chroot(root);
  }
};

const place = (part: Part): void => {
  makeDirectory(dirname(part.at));
  if ('link' in part) {
    symlinkSync(part.link, part.at);
    return;
  }
  if (fstatSync(part.mount.number).isDirectory()) makeDirectory(part.at);
  else writeFileSync(part.at, '');
  using target = openHost(part.at, O_PATH);
  moveMount(part.mount, target);
};

/** Whatever the umask is. */
const makeDirectory = (path: string): void => {
  if (mkdirSync(path, {recursive: true}) !== undefined) chmodSync(path, 0o755);
};

const splitIds = (undo: DisposableStack): void => {
  // Until the first execve the program is a copy of this process.
  const dumpable = syscall('prctl', [PR_GET_DUMPABLE, 0, 0, 0, 0], 'dumpable');
  undo.defer(() => void syscall('prctl', [PR_SET_DUMPABLE, dumpable, 0, 0, 0], 'dumpable'));
  syscall('prctl', [PR_SET_DUMPABLE, 0, 0, 0, 0], 'dumpable');
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  undo.defer(() => {
    syscall('setresuid', [uid, -1, -1], 'ids');
    syscall('setresgid', [gid, -1, -1], 'ids');
  });
  syscall('setresgid', [NOBODY_ELSE, -1, -1], 'ids');
  syscall('setresuid', [NOBODY_ELSE, -1, -1], 'ids');
};
