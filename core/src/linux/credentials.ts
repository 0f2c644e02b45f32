import {fchmodSync, writeFileSync} from 'node:fs';
import type {Capability, IsolatedField, Process} from '../contract/process.ts';
import {
  ambientRaises,
  boundingDrops,
  type CapabilitySets,
  capabilityCall,
  clearAmbient,
  ownCapabilities,
  setCapabilities,
} from './capabilities.ts';
import {capabilitiesMissing, oomScoreNotPermitted} from './errors.ts';
import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {raiseHardLimits} from './rlimits.ts';
import {rootless} from './rootless.ts';
import {isErrno} from './syscall-error.ts';
import {makeThreadCalls, type ThreadCall} from './thread-call.ts';

/** linux/prctl.h */
const PR_SET_DUMPABLE = 4;
const PR_SET_KEEPCAPS = 8;
const PR_SET_NO_NEW_PRIVS = 38;

export type Credentials = Pick<
  Process,
  'uid' | 'gid' | 'groups' | 'umask' | 'capabilities' | 'noNewPrivileges' | 'rlimits' | 'oomScoreAdj'
>;

/** Closes this process to ptrace and /proc/PID of those it is about to live with, until execve (S02). */
export const hide = (): void => {
  syscall('prctl', [PR_SET_DUMPABLE, 0, 0, 0, 0]);
};

const NOGROUP = 65534;
/** Of the owner, a group and others: to be executed, and not to be read. */
const EXECUTED_ONLY = 0o111;

/**
 * {@link hide} for the programs that this process becomes, and their children, from their first instruction: the kernel closes a program whose real group is not
 * the effective one, or which whoever starts it may not read (begin_new_exec; fs.suid_dumpable can switch that off). {@link applyCredentials} ends it.
 * @param program the first of them, a file of our own
 */
export const hideWhatFollows = (program: Fd): void => {
  const real = otherGroup();
  if (real !== undefined) {
    syscall('setresgid', [real, -1, -1], `real gid ${real}`);
    return;
  }
  fchmodSync(program.number, EXECUTED_ONLY);
  const {effective, permitted, inheritable} = ownCapabilities();
  // Root has them again in what follows.
  setCapabilities({effective: effective.filter((name) => !READS.includes(name)), permitted, inheritable});
};

/** What reads files whatever their modes are. */
const READS: readonly Capability[] = ['CAP_DAC_OVERRIDE', 'CAP_DAC_READ_SEARCH'];

/** Any but the effective one, if there is another. */
const otherGroup = (): number | undefined => {
  const last = Math.min(NOGROUP, (rootless()?.groups ?? Number.POSITIVE_INFINITY) - 1);
  if (process.getegid?.() !== last) return last;
  return last === 0 ? undefined : 0;
};

const LATER = (): void => {};

/** What isolators decide that takes the privileges of rkt or the host's /proc. A field that is not here at all would be applied nowhere. */
const PRIVILEGED: {readonly [F in IsolatedField]: (credentials: Credentials) => void} = {
  oomScoreAdj: ({oomScoreAdj}) => {
    if (oomScoreAdj === null) return;
    try {
      writeFileSync('/proc/self/oom_score_adj', String(oomScoreAdj), {flag: 'r+'});
    } catch (cause) {
      throw isErrno(cause, 'EACCES', 'EPERM') ? oomScoreNotPermitted(oomScoreAdj, cause) : cause;
    }
  },
  rlimits: ({rlimits}) => raiseHardLimits(rlimits),
  // By whoever becomes the program, without another in between (security-labels.ts).
  apparmorProfile: LATER,
  selinuxContext: LATER,
  // By the calls of the thread.
  capabilities: LATER,
  noNewPrivileges: LATER,
  // Last before execve.
  seccomp: LATER,
};

/**
 * What needs the privileges of rkt and the host's /proc: the oom score, and room for rlimits that are raised.
 * @throws RKT_OOM_SCORE_NOT_PERMITTED, RKT_RLIMIT_NOT_PERMITTED
 */
export const applyPrivileged = (credentials: Credentials): void => {
  for (const apply of Object.values(PRIVILEGED)) apply(credentials);
};

export type SetsBeforeExec = Readonly<Omit<CapabilitySets, 'effective'>>;

/**
 * The sets that this process must have just before execve for the program to get what `Process` says (capabilities(7)). What rkt itself does not
 * have is left out of the bounding set and of root's, which are upper bounds; an ambient one that it lacks is an error. Needs /proc.
 * @param own what this process has when the calls are made
 * @throws RKT_CAPABILITIES_MISSING
 */
export const setsBeforeExec = (
  {uid, capabilities: {bounding, effective, ambient}, noNewPrivileges}: Credentials,
  {filters, own = ownCapabilities()}: {readonly filters: number; readonly own?: CapabilitySets},
): SetsBeforeExec => {
  const has = (capability: Capability) => own.permitted.includes(capability);
  const missing = ambient.filter((capability) => !has(capability));
  if (missing.length > 0) throw capabilitiesMissing(missing);
  /*
   * With no-new-privileges execve gives root the permitted set, no more; without, the bounding set, and others the ambient set. What the kernel
   * wants for a filter without no-new-privileges is gone after execve in both cases.
   */
  const forFilter: Capability[] = filters > 0 && !noNewPrivileges ? ['CAP_SYS_ADMIN'] : [];
  const wanted = [...(uid === 0 ? effective : []), ...ambient, ...forFilter];
  return {
    bounding: bounding.filter((capability) => own.bounding.includes(capability)),
    permitted: [...new Set(wanted)].filter(has),
    // An ambient capability must be inheritable as well; nothing else ever is (S16).
    inheritable: ambient,
    ambient,
  };
};

/**
 * What turns a thread into the user of the program, for good. After it only rlimits, which then take no privilege, the filter and execve
 * remain. The order matters: each call still needs what the next ones take away.
 */
export const credentialCalls = (
  {uid, gid, groups, umask, noNewPrivileges}: Credentials,
  {bounding, permitted, inheritable, ambient}: SetsBeforeExec,
): ThreadCall[] => [
  {name: 'umask', args: [umask], what: 'umask'},
  ...boundingDrops(bounding),
  ...clearAmbient(),
  // A pod that asks for groups has been refused where they cannot be changed.
  ...(groups.length === 0 && rootless()?.changesGroups === false
    ? []
    : [{name: 'setgroups', args: [groups.length, encodeIds(groups)], what: 'groups'} as const]),
  {name: 'setresgid', args: [gid, gid, gid], what: `gid ${gid}`},
  {name: 'prctl', args: [PR_SET_KEEPCAPS, 1, 0, 0, 0], what: 'capabilities'},
  {name: 'setresuid', args: [uid, uid, uid], what: `uid ${uid}`},
  capabilityCall({effective: permitted, permitted, inheritable}),
  ...ambientRaises(ambient),
  ...(noNewPrivileges
    ? [{name: 'prctl', args: [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0], what: 'no-new-privileges'} as const]
    : []),
];

/** {@link credentialCalls} on this thread. */
export const applyCredentials = (credentials: Credentials, sets: SetsBeforeExec): void =>
  makeThreadCalls(credentialCalls(credentials, sets));

/** gid_t[] */
const encodeIds = (ids: readonly number[]): Buffer => {
  // Of an empty list too, the address is one.
  const buffer = Buffer.alloc(Math.max(ids.length, 1) * 4);
  ids.forEach((id, index) => {
    buffer.writeUInt32LE(id, index * 4);
  });
  return buffer;
};
