import {dismissCompanions} from '../linux/companions.ts';
import {isEnding} from '../linux/process-identity.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {hasTerminal} from '../linux/terminal.ts';
import type {EnterContext} from './context.ts';
import {enterByProgram} from './enter-by-program.ts';
import {memberGone} from './errors.ts';
import type {LaunchInto} from './exec.ts';

/**
 * Becomes another program in a running pod, with exactly what its member has: cgroups, namespaces, root directory, and the same compiled
 * process that `run` applied (S01): by a program of system calls, see {@link enterByProgram}. On a terminal this process stays and relays it, see {@link enterOnTerminal}.
 * @throws RKT_MEMBER_GONE, and what {@link enterByProgram} throws
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
  return enterByProgram(launch, context);
};
