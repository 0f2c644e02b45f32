import {constants} from 'node:fs';
import type {Process} from '../contract/process.ts';
import type {Fd} from '../linux/fd.ts';
import {openCgroupsOf} from '../linux/join-cgroup.ts';
import {O_PATH, openHost} from '../linux/openat2.ts';
import {openProcess} from '../linux/pidfd.ts';
import {isEnding} from '../linux/process-identity.ts';
import type {EnterContext} from './context.ts';
import {memberGone} from './errors.ts';
import type {LaunchInto} from './exec.ts';
import {faultPoint} from './fault.ts';
import {inheritFrom} from './inherit.ts';

/** The ways into a running app, and what its process hands down. All descriptors are close-on-exec. */
export interface Ways {
  readonly member: Fd;
  readonly root: Fd;
  readonly cgroups: readonly Fd[];
  readonly process: Process;
}

/** @throws RKT_MEMBER_GONE */
export const openWays = (
  {member: identity, process}: LaunchInto<'member'>,
  {facts, defaultLimits}: Pick<EnterContext, 'facts' | 'defaultLimits'>,
): Ways => {
  const member = openProcess(identity);
  if (member === undefined) throw memberGone(identity.pid);
  faultPoint('enter.found');
  // Everything about the member is read by its number; it was of this very process if that still lives afterwards.
  const ways = {
    member,
    root: openHost(`/proc/${identity.pid}/root`, O_PATH | constants.O_DIRECTORY),
    cgroups: openCgroupsOf(facts.cgroup, identity.pid),
    process: inheritFrom(identity.pid, process, defaultLimits),
  };
  if (isEnding(identity)) throw memberGone(identity.pid);
  return ways;
};
