import type {App} from '@rkt/plugin-sdk';

type Process = App['process'];
type Rule = NonNullable<Process['seccomp']>['rules'][number];

/** What LockPersonality leaves of personality(2): the one that there is, and the question which it is. */
const LOCKED = [0, 0xffff_ffff];

/** The process as the pod's systemd starts it, where that is not quite what was asked for: what enters is no more and no less. */
export const asStarted = (process: Process): Process => ({
  ...process,
  // systemd has a group other than root's among the supplementary ones, too (initgroups(3)).
  groups: process.gid === 0 ? process.groups : [...new Set([process.gid, ...process.groups])],
  seccomp: process.seccomp && {...process.seccomp, rules: process.seccomp.rules.filter(isLeft)},
});

const isLeft = ({syscalls, args}: Rule): boolean => {
  const [argument] = args ?? [];
  if (argument === undefined || !syscalls.includes('personality')) return true;
  return argument.op === 'eq' && LOCKED.includes(argument.value);
};
