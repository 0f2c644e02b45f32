import {constants} from 'node:fs';
import {RLIMITS} from '../contract/kernel-names.ts';
import type {Process} from '../contract/process.ts';
import {capabilitiesOf} from '../linux/capabilities.ts';
import {joinCgroupsOf} from '../linux/cgroups.ts';
import {chroot} from '../linux/chroot.ts';
import {hide} from '../linux/credentials.ts';
import {findExecutable} from '../linux/find-executable.ts';
import {setNamespaces} from '../linux/namespaces.ts';
import {O_PATH, openHost} from '../linux/openat2.ts';
import {openProcess} from '../linux/pidfd.ts';
import {isAlive} from '../linux/process-identity.ts';
import {readLimits, readOomScore} from '../linux/read-back.ts';
import {holdDescriptors} from '../linux/reopen.ts';
import {exceeds, getRlimit, type Rlimit} from '../linux/rlimits.ts';
import {sealSelf} from '../linux/sealed-self.ts';
import {enterWorkingDirectory, openWorkingDirectory} from '../linux/working-directory.ts';
import {prepareToBecome} from './become.ts';
import type {ExecutorContext} from './context.ts';
import {memberGone} from './errors.ts';
import type {LaunchInto} from './exec.ts';
import {faultPoint} from './fault.ts';

const DIRECTORY = O_PATH | constants.O_DIRECTORY;

/**
 * Becomes a further program of a running pod with exactly what its member has: cgroups, namespaces, root directory, and the same compiled
 * process as `run` applied (S01). May start this process again from the beginning, see {@link sealSelf}: to be called before anything has been changed.
 * @throws RKT_MEMBER_GONE, and what {@link exec} throws.
 */
export const enter = (
  {member: identity, namespaces, process, passSockets}: LaunchInto<'member'>,
  context: Pick<ExecutorContext, 'facts' | 'caches' | 'beforeExec'>,
): never => {
  sealSelf();
  hide();
  holdDescriptors();
  using member = openProcess(identity);
  if (member === undefined) throw memberGone(identity.pid);
  // Everything about the member is read by its number; it was of this very process if that still lives afterwards.
  const inherited = inheritFrom(identity.pid, process);
  using theirRoot = openHost(`/proc/${identity.pid}/root`, DIRECTORY);
  faultPoint('enter.cgroup');
  joinCgroupsOf(context.facts.cgroup, identity.pid);
  if (!isAlive(identity)) throw memberGone(identity.pid);
  const become = prepareToBecome({process: inherited, passSockets}, context);
  context.beforeExec?.();
  faultPoint('enter.namespaces');
  setNamespaces(member, namespaces);
  // An app may have changed its own root directory; that of its mount namespace is what rkt gave it.
  if (!namespaces.includes('mount')) chroot(theirRoot);
  using root = openHost('/', DIRECTORY);
  const path = findExecutable(root, inherited);
  using directory = openWorkingDirectory(root, inherited.cwd);
  enterWorkingDirectory(directory, inherited.cwd);
  return become(path, () => {});
};

/**
 * The process with what the app's own one has from the caller of `run`: its compiled form names only what differs from that. A limit that
 * rkt may not raise to the member's stays lower.
 */
const inheritFrom = (pid: number, process: Process): Process => {
  const theirs = readLimits(pid);
  const others = RLIMITS.filter((name) => process.rlimits.every((limit) => limit.name !== name));
  return {
    ...process,
    rlimits: [
      ...process.rlimits,
      ...others.flatMap((name) => {
        const limit = theirs[name];
        return limit === undefined ? [] : [{name, ...lower(limit, getRlimit(name).hard)}];
      }),
    ],
    oomScoreAdj: process.oomScoreAdj ?? inheritedOomScore(pid),
  };
};

const lower = ({soft, hard}: Rlimit, own: number | null): Rlimit => ({
  soft: exceeds(soft, own) ? own : soft,
  hard: exceeds(hard, own) ? own : hard,
});

// Only a raise is always permitted.
const inheritedOomScore = (pid: number): number | null => {
  const [theirs, own] = [readOomScore(pid), readOomScore('self')];
  return theirs > own || capabilitiesOf().effective.includes('CAP_SYS_RESOURCE') ? theirs : null;
};
