import type {App, SeccompAction, SeccompFilter} from '@rkt/plugin-sdk';
import {filterRefused} from './errors.ts';

/*
 * What crun calls between the filter and the program. Without no-new-privileges the kernel takes a filter only from who has CAP_SYS_ADMIN, so crun (1.8 to 1.21: container_init_setup,
 * exec_process_entrypoint) sets it before it becomes the app's user. With no-new-privileges it sets it last.
 */

type Rule = SeccompFilter['rules'][number];
type Condition = NonNullable<Rule['args']>[number];

interface Call {
  readonly name: string;
  /** Absent: whatever its arguments. */
  readonly args?: readonly Condition[];
  /** Absent: it is allowed. */
  readonly outcome?: SeccompAction;
}

const is = (...values: readonly number[]): Condition[] =>
  values.map((value, index) => ({index, op: 'eq', value}) as const);
const at = (index: number, value: number): Condition => ({index, op: 'eq', value});

/** linux/prctl.h: PR_SET_KEEPCAPS, PR_CAPBSET_DROP, PR_CAP_AMBIENT. */
const OPTIONS = [8, 24, 47];
/** asm-generic/ioctls.h */
const TCGETS = 0x5401;
/** AT_STATX_DONT_SYNC, AT_EMPTY_PATH and AT_SYMLINK_NOFOLLOW. */
const OF_DESCRIPTOR = 0x5100;

/** To start the app and its event handlers. */
const toStart = ({uid, gid, noNewPrivileges}: App['process']): Call[] =>
  noNewPrivileges
    ? [{name: 'close'}]
    : [
        ...['capset', 'close', 'rt_sigaction', 'rt_sigprocmask', 'write'].map((name) => ({name})),
        ...OPTIONS.map((option) => ({name: 'prctl', args: is(option)})),
        {name: 'setresgid', args: is(gid, gid, gid)},
        {name: 'setresuid', args: is(uid, uid, uid)},
      ];

/** And for what enters it, besides openat and read. */
const toEnter = (process: App['process'], fallback: SeccompAction): Call[] => [
  {name: 'umask'},
  {name: 'write'},
  ...(process.noNewPrivileges
    ? []
    : [
        ...toSetGroups(process),
        {name: 'ioctl', args: [at(1, TCGETS)]},
        {name: 'statx', args: [at(2, OF_DESCRIPTOR)]},
        ...toOwnStreams(process, fallback),
      ]),
];

/** A filter sees how many groups there are, and not which: an app that could set others is not entered. */
const toSetGroups = ({groups, capabilities}: App['process']): Call[] =>
  groups.length > 0 && capabilities.bounding.includes('CAP_SETGID')
    ? []
    : [{name: 'setgroups', args: is(groups.length)}];

/** What crun takes for an answer of fchown, and goes on: EPERM, EINVAL and EROFS. */
const TAKEN = [1, 22, 30];

/** Nor does a filter see which file a descriptor is: an app that could have any is told that it may not, and so is crun, for which the streams stay root's then. */
const toOwnStreams = ({uid, gid, capabilities}: App['process'], fallback: SeccompAction): Call[] => {
  const streams = [0, 1, 2].map((fd): Call => ({name: 'fchown', args: is(fd, uid, gid)}));
  if (!capabilities.bounding.includes('CAP_CHOWN')) return streams;
  if (fallback.action === 'errno' && TAKEN.includes(fallback.errno)) return [];
  return streams.map((call) => ({...call, outcome: {action: 'errno', errno: 1}}));
};

/** The filter of an app, which leaves crun what it needs: whatever an app does with that, it becomes nobody else, gets no privilege and has no file that was not its own. */
export const filterOf = ({name: app, process}: App): SeccompFilter | null => {
  const {seccomp: filter} = process;
  if (filter === null) return null;
  const start = toStart(process);
  if (filter.default.action === 'allow') {
    const denied = filter.rules.filter(({outcome}) => outcome.action !== 'allow').flatMap(({syscalls}) => syscalls);
    const needed = [...new Set(start.map(({name}) => name))].filter((name) => denied.includes(name));
    if (needed.length > 0) throw filterRefused(app, needed);
    return filter;
  }
  const free = filter.rules.filter(({args, outcome}) => args === undefined && outcome.action === 'allow');
  const isFree = (name: string): boolean => free.some(({syscalls}) => syscalls.includes(name));
  const missing = [
    ...start,
    ...toEnter(process, filter.default).filter(({name}) => !start.some((call) => call.name === name)),
  ];
  return {...filter, rules: [...filter.rules, ...missing.filter(({name}) => !isFree(name)).map(ruleOf)]};
};

const ruleOf = ({name, args, outcome = {action: 'allow'}}: Call): Rule => ({
  syscalls: [name],
  outcome,
  ...(args && {args: [...args]}),
});
