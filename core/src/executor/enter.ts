import {dismissCompanions} from '../linux/companions.ts';
import {hide} from '../linux/credentials.ts';
import {isEnding} from '../linux/process-identity.ts';
import {makeInputsReadOnly} from '../linux/read-only-inputs.ts';
import {holdDescriptors} from '../linux/reopen.ts';
import {makeJournalReopenable} from '../linux/reopenable-stdio.ts';
import {sealSelf} from '../linux/sealed-self.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {hasTerminal} from '../linux/terminal.ts';
import {filterOf} from './become.ts';
import type {EnterContext} from './context.ts';
import {enterByProgram} from './enter-by-program.ts';
import {memberGone} from './errors.ts';
import type {LaunchInto} from './exec.ts';
import {goInside} from './go-inside.ts';
import {openWays} from './open-ways.ts';

/**
 * Becomes another program in a running pod, with exactly what its member has: cgroups, namespaces, root directory, and the same compiled
 * process that `run` applied (S01): by a program of system calls, see {@link enterByProgram}. On a terminal this process stays and relays it, see {@link enterOnTerminal}. Must be called before anything has been changed, because
 * it may start this process again from the beginning, see {@link sealSelf}.
 * @throws RKT_MEMBER_GONE, and what {@link exec} throws.
 */
export const enter = async (launch: LaunchInto<'member'>, context: EnterContext): Promise<never> => {
  try {
    return await join(launch, context);
  } catch (error) {
    // Of a process that ends meanwhile whatever is read is not there any more, nor is a cgroup that it had for itself.
    throw isErrno(error, 'ENOENT', 'ESRCH', 'ENODEV') && isEnding(launch.member)
      ? memberGone(launch.member.pid, error)
      : error;
  }
};

const join = async (launch: LaunchInto<'member'>, context: EnterContext): Promise<never> => {
  dismissCompanions();
  if (hasTerminal()) {
    const {enterOnTerminal} = await import('./enter-on-terminal.ts');
    return enterOnTerminal(launch, context);
  }
  const {member, namespaces, passSockets, process} = launch;
  const isLabelled = process.apparmorProfile !== undefined || process.selinuxContext !== undefined;
  if (!(isLabelled || passSockets) || namespaces.includes('pid') || namespaces.includes('user'))
    return enterByProgram(launch, context);
  // What a program of calls does not do: whatever joins from here on is Node.js.
  sealSelf();
  hide();
  makeInputsReadOnly();
  makeJournalReopenable();
  holdDescriptors();
  const ways = openWays(launch, context);
  return goInside(
    {...ways, pid: member.pid, namespaces, passSockets, filter: filterOf(ways.process, context)},
    context,
  );
};
