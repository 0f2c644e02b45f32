import type {Isolators} from '../../contract/isolators.ts';
import type {Process} from '../../contract/process.ts';

/** What security modules are told of a process (appc EX-46, EX-47). */
export const compileLabels = (isolators: Isolators): Pick<Process, 'apparmorProfile' | 'selinuxContext'> => {
  const profile = isolators['os/linux/apparmor-profile'];
  const context = isolators['os/linux/selinux-context'];
  return {
    ...(profile && {apparmorProfile: profile.profile}),
    ...(context && {selinuxContext: [context.user, context.role, context.type, context.level].join(':')}),
  };
};
