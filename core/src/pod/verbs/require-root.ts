import {constants, readFileSync} from 'node:fs';
import type {HostPath} from '../../contract/names.ts';
import type {ProcessIdentity} from '../../contract/pod.ts';
import {covers, idsOfDataDirectory, rememberIds} from '../../image/ids-of-data-directory.ts';
import {lookUpDataDirectory} from '../../image/look-up-data-directory.ts';
import {makeDataDirectory} from '../../image/make-below.ts';
import {type Anew, becomeOwnRoot, becomeOwnRootWith, becomeRootOf} from '../../linux/become-own-root.ts';
import {BEGUN_ANEW, identityText} from '../../linux/begun-anew.ts';
import type {Fd} from '../../linux/fd.ts';
import {keepOnExec} from '../../linux/fd-flags.ts';
import {openHost} from '../../linux/openat2.ts';
import {openProcess} from '../../linux/pidfd.ts';
import {identify} from '../../linux/process-identity.ts';
import {rootless} from '../../linux/rootless.ts';
import {type SubordinateIds, subordinateIds} from '../../linux/subordinate-ids.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import type {RktError} from '../../rkt-error.ts';
import {dataDirectoryIds, rootNeeded, subordinateIdsRefused, userNamespaceRefused} from '../errors.ts';
import {podDirectory} from '../state/layout.ts';
import {uuidsIn} from '../state/list.ts';
import {FOUND_OVER, foundOver} from '../state/liveness.ts';
import {readSupervisor} from '../state/supervisor.ts';

/** What a call is about, and how it tells an error. */
export interface Call {
  readonly command: string;
  readonly dataDir: HostPath;
  readonly describe: (error: RktError) => string;
}

/**
 * What makes, runs or removes pods and images takes root. An ordinary user gets there on a data directory of their own, which is made if it is not there: the call begins anew as root of a user
 * namespace. Whose the directory is decides, so that nobody changes root's as somebody else.
 * @throws RKT_DATA_DIRECTORY_IDS, RKT_ROOT_NEEDED, RKT_USER_NAMESPACE_REFUSED, and as {@link makeDataDirectory}
 */
export const requireRoot = (call: Call): void => {
  if (process.geteuid?.() === 0) return;
  requireOwn(call);
  const ids = subordinateIds();
  const refusal = refusalOf(call.command) ?? lackOf(call, ids);
  if (refusal !== undefined) throw refusal;
  // What only removes has to work on a full disk, too.
  if (ids !== undefined && !REMOVERS.includes(call.command)) rememberIds(call.dataDir, ids);
  begin(call, ids);
};

const REMOVERS: readonly string[] = ['gc', 'rm', 'image gc', 'image rm'];

/** The same for what whoever owns the data directory can do as they are. @throws RKT_ROOT_NEEDED, and as {@link makeDataDirectory} */
export const requireOwner = (call: Call): void => {
  if (process.geteuid?.() !== 0) requireOwn(call);
};

/**
 * The same for what only looks: an ordinary user is to see what a call that runs pods would see. Comes back where that would be refused.
 * @param always also where there is no data directory yet
 * @returns why, if it is the kernel, or a lack of ids
 */
export const lookAsRoot = (call: Call, {always = false} = {}): RktError | undefined => {
  if (process.geteuid?.() === 0) return undefined;
  const {is} = lookUpDataDirectory(call.dataDir);
  if (is === 'another' || (is !== 'own' && !always)) return undefined;
  const ids = subordinateIds();
  return refusalOf(call.command) ?? lackOf(call, ids) ?? begin(call, ids);
};

const requireOwn = ({command, dataDir}: Call): void => {
  const {is} = lookUpDataDirectory(dataDir);
  if (is === 'missing' || is === 'open') makeDataDirectory(dataDir);
  if (is !== 'own' && lookUpDataDirectory(dataDir).is !== 'own')
    throw rootNeeded(command, 'or use a data directory of your own, by --dir', dataDir);
};

/** Why the kernel would refuse, as far as it says so before. */
const refusalOf = (command: string): RktError | undefined => {
  const refuse = (because: string, fix: string) =>
    userNamespaceRefused(command, process.geteuid?.() ?? 0, because, fix);
  if (setting('user/max_user_namespaces') === '0')
    return refuse('user.max_user_namespaces is 0', 'sysctl user.max_user_namespaces=10000');
  // Debian's.
  if (setting('kernel/unprivileged_userns_clone') === '0')
    return refuse('kernel.unprivileged_userns_clone is 0', 'sysctl kernel.unprivileged_userns_clone=1');
  return undefined;
};

const setting = (name: string): string | undefined => {
  try {
    return readFileSync(`/proc/sys/${name}`, 'latin1').trim();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES')) return undefined;
    throw error;
  }
};

/** Files in the data directory may be of ids that the host does not give the user now. */
const lackOf = ({command, dataDir}: Call, ids: SubordinateIds | undefined): RktError | undefined => {
  const needed = idsOfDataDirectory(dataDir);
  return needed === undefined || (ids !== undefined && covers(ids, needed))
    ? undefined
    : dataDirectoryIds(command, dataDir, needed.users, needed.groups);
};

/** With the ids that the host gives the user. */
const begin = (call: Call, ids: SubordinateIds | undefined): never => {
  const again = {...anew(call), env: {...variables(), [FOUND_OVER]: podsOver(call)}};
  if (ids === undefined) return becomeOwnRoot(again);
  const {users, groups} = ids;
  const error = subordinateIdsRefused(call.command, process.geteuid?.() ?? 0, users, groups);
  return becomeOwnRootWith(ids, again, {say: call.describe(error), status: error.exitCode});
};

/** What root of the user namespace cannot find out. */
const podsOver = ({dataDir}: Call): string =>
  foundOver(uuidsIn(dataDir, 'run').flatMap((uuid) => readSupervisor(podDirectory(dataDir, 'run', uuid)) ?? []));

const ERROR_FD = /^--error-fd=(\d+)$/;

/**
 * The same for what joins a pod: in the pod's user namespace, of which whoever runs it is the owner. Comes back where the pod does not run.
 * @throws RKT_ROOT_NEEDED, RKT_USER_NAMESPACE_REFUSED
 */
export const requireMember = (call: Call, supervisor: ProcessIdentity | undefined): void => {
  if (process.geteuid?.() === 0) return;
  requireOwn(call);
  // Not from one to the next that an app has made: rkt would be at its mercy there.
  if (rootless() !== undefined) throw rootNeeded(call.command);
  using namespace = supervisor && userNamespaceOf(supervisor);
  if (namespace !== undefined) becomeRootOf(namespace, anew(call));
};

/** That of the process outside of the pod's pid namespace, which nobody in the pod reaches. `undefined`: it has ended. */
const userNamespaceOf = (identity: ProcessIdentity): Fd | undefined => {
  using process = openProcess(identity);
  return process === undefined ? undefined : openHost(`/proc/${identity.pid}/ns/user`, constants.O_RDONLY);
};

const anew = ({command, dataDir, describe}: Call): Anew => {
  const [program = '', script = '', ...line] = process.argv;
  const [first = ''] = line;
  const errorFd = ERROR_FD.exec(first)?.[1];
  if (errorFd !== undefined) keepOnExec(Number(errorFd));
  const error = userNamespaceRefused(
    command,
    process.geteuid?.() ?? 0,
    setting('kernel/apparmor_restrict_unprivileged_userns') === '1'
      ? 'AppArmor restricts them'
      : 'the kernel refuses it',
    'let users have user namespaces (user_namespaces(7); sysctl kernel.apparmor_restrict_unprivileged_userns)',
  );
  const rest = errorFd === undefined ? line : line.slice(1);
  return {
    program: process.execPath,
    argv: [
      ...[program, ...process.execArgv, script],
      // First, as it has to be.
      ...(errorFd === undefined ? [] : [first]),
      // Whoever is root would take another. One that is typed comes after it and is the same.
      `--dir=${dataDir}`,
      ...rest,
    ],
    env: variables(),
    refused: {say: describe(error), status: error.exitCode},
  };
};

const variables = (): Anew['env'] => {
  const self = identify(process.pid);
  return {...process.env, ...(self && {[BEGUN_ANEW]: identityText(self)})};
};
