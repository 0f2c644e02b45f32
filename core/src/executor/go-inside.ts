import {constants} from 'node:fs';
import {chroot} from '../linux/chroot.ts';
import {findExecutable} from '../linux/find-executable.ts';
import {joinThrough} from '../linux/join-cgroup.ts';
import {setNamespaces} from '../linux/namespaces.ts';
import {O_PATH, openHost} from '../linux/openat2.ts';
import {pidfdWait} from '../linux/pidfd.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {enterWorkingDirectory, openWorkingDirectory} from '../linux/working-directory.ts';
import {prepareWithFilter} from './become.ts';
import type {ExecutorContext} from './context.ts';
import {memberGone} from './errors.ts';
import type {LaunchInto} from './exec.ts';
import {faultPoint} from './fault.ts';
import type {Ways} from './open-ways.ts';

/** The ways into an app that are still to be taken, and the process to become. */
export interface Inside extends Ways {
  /** The number of the member, as the host sees it. */
  readonly pid: number;
  readonly namespaces: LaunchInto<'member'>['namespaces'];
  readonly passSockets: boolean;
  /** The compiled filter of the process; the cache may be out of reach inside. */
  readonly filter: Buffer | null;
}

/** Joins the cgroups, namespaces and root directory of a running app, and becomes another program there. */
export const goInside = (
  {pid, member, root: theirRoot, cgroups, process, passSockets, filter, namespaces}: Inside,
  context: Pick<ExecutorContext, 'beforeExec'>,
): never => {
  faultPoint('enter.cgroup');
  for (const procs of cgroups) joinThrough(procs);
  if (pidfdWait(member, 0)) throw memberGone(pid);
  const become = prepareWithFilter({process, passSockets, terminal: 'shared', joins: true}, filter);
  context.beforeExec?.();
  faultPoint('enter.namespaces');
  try {
    if (namespaces.length > 0) setNamespaces(member, namespaces);
  } catch (error) {
    throw isErrno(error, 'ESRCH') ? memberGone(pid) : error;
  }
  // An app may have changed its own root directory; that of its mount namespace is what rkt gave it.
  if (!namespaces.includes('mount')) chroot(theirRoot);
  using root = openHost('/', O_PATH | constants.O_DIRECTORY);
  const path = findExecutable(root, process);
  using directory = openWorkingDirectory(root, process);
  enterWorkingDirectory(directory, process.cwd);
  return become(path, () => {}, root);
};
