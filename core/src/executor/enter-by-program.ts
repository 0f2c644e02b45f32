import {constants} from 'node:fs';
import type {Process} from '../contract/process.ts';
import {assertArgumentsFit} from '../linux/arguments-fit.ts';
import {callProgram, type ProgramCall, tellingChild} from '../linux/call-program.ts';
import {allCapabilities, ownCapabilities} from '../linux/capabilities.ts';
import {leavingTerminal} from '../linux/controlling-terminal.ts';
import {applyPrivileged, credentialCalls, hide, hideWhatFollows, setsBeforeExec} from '../linux/credentials.ts';
import {deathSignal} from '../linux/death-signal.ts';
import {workingDirectoryMissing} from '../linux/errors.ts';
import {prepareExec} from '../linux/exec.ts';
import type {Fd} from '../linux/fd.ts';
import {closeOnExecFrom, keepOnExec} from '../linux/fd-flags.ts';
import {findExecutable} from '../linux/find-executable.ts';
import {forgetCaller} from '../linux/forget-caller.ts';
import {hostIdsOf} from '../linux/host-ids.ts';
import {ownDomain} from '../linux/landlock.ts';
import {cString} from '../linux/libc.ts';
import {namespaceFlags, setNamespaces} from '../linux/namespaces.ts';
import {O_PATH, openHost} from '../linux/openat2.ts';
import {ownFilters} from '../linux/own-filters.ts';
import {becomeCalls, callsThatSay, hideCall, type MakeCall, nameCall, signalsCall} from '../linux/program-calls.ts';
import {type PseudoTerminal, pseudoTerminalOf, pseudoTerminalOfHost} from '../linux/pseudo-terminal.ts';
import {makeInputsReadOnly} from '../linux/read-only-inputs.ts';
import {holdDescriptors} from '../linux/reopen.ts';
import {makeJournalReopenable} from '../linux/reopenable-stdio.ts';
import {restoreStdio} from '../linux/restore.ts';
import {rootless} from '../linux/rootless.ts';
import {type Confinement, confinement} from '../linux/security-labels.ts';
import {newSessionKeyring} from '../linux/session-keyring.ts';
import {blockAllSignals, resetSignals} from '../linux/signals.ts';
import {TIOCSCTTY, TIOCSPGRP} from '../linux/terminal.ts';
import type {ThreadCall} from '../linux/thread-call.ts';
import {openWorkingDirectory} from '../linux/working-directory.ts';
import {filterOf} from './become.ts';
import type {EnterContext} from './context.ts';
import {enterFailed, enterSockets, memberGone} from './errors.ts';
import type {LaunchInto} from './exec.ts';
import {faultPoint} from './fault.ts';
import {filtersOfMember} from './filters-of-member.ts';
import {openWays, type Ways} from './open-ways.ts';

const FIRST_BESIDES_STDIO = 3;
const DIRECTORY = O_PATH | constants.O_DIRECTORY;

/** linux/sched.h */
const CLONE_VM = 0x100;
const CLONE_VFORK = 0x4000;
const CLONE_PARENT = 0x8000;
const SIGCHLD = 17;
/** linux/prctl.h */
const PR_SET_PDEATHSIG = 1;

/** The program of system calls that joins a running app, to be executed or started, with what it takes along. */
export interface Joining {
  readonly program: Fd;
  /** Besides its standard streams. */
  readonly descriptors: readonly number[];
  readonly terminal: PseudoTerminal | undefined;
}

/**
 * Joins a running app by a program that consists of system calls: rkt looks everything up beforehand, and becomes that. Whatever the app has it execute, it is neither Node.js nor a file of the host (S03).
 * It joins cgroups, namespaces and root directory, takes credentials, limits and filter, and becomes the program.
 *
 * A pid or user namespace only a child can enter. The app sees the child as soon as it is born, and may have every capability there. So nothing that the pod can see may have anything that the app lacks (S28): the first child, still
 * among the host's processes, joins, takes the credentials and closes every descriptor. The second, born in the pod, only has limits and filter to take, and becomes the program. The first process stays outside, passes signals on,
 * and ends as the second does.
 * @throws RKT_MEMBER_GONE, RKT_LABEL_REFUSED, RKT_ENTER_SOCKETS, RKT_EXEC_ARGUMENTS_TOO_LARGE, and what is thrown for a program that cannot be found
 */
export const enterByProgram = (launch: LaunchInto<'member'>, context: EnterContext): never => {
  const leaveTerminal = needsChild(launch) ? undefined : leavingTerminal();
  const {program, descriptors} = prepareToJoin(launch, context);
  const start = prepareExec({argv: ['rkt-enter'], env: [], rlimits: [], filters: []});
  context.beforeExec?.();
  faultPoint('enter.program');
  resetSignals();
  blockAllSignals();
  closeOnExecFrom(FIRST_BESIDES_STDIO);
  for (const descriptor of descriptors) keepOnExec(descriptor);
  hideWhatFollows(program);
  restoreStdio();
  leaveTerminal?.();
  return start(program.path);
};

const needsChild = ({namespaces}: LaunchInto<'member'>): boolean =>
  namespaces.includes('pid') || namespaces.includes('user');

/**
 * Prepares the program that {@link enterByProgram} becomes.
 * @param terminals the standard streams that are to be a terminal of the pod's; the program then leads a session of its own, and stops when what it has started is stopped
 */
export const prepareToJoin = (
  launch: LaunchInto<'member'>,
  context: EnterContext,
  terminals: readonly number[] = [],
): Joining => {
  if (launch.passSockets) throw enterSockets();
  hide();
  forgetCaller();
  makeInputsReadOnly();
  makeJournalReopenable();
  holdDescriptors();
  const ways = openWays(launch, context);
  const {member, root, cgroups, process: inherited} = ways;
  assertArgumentsFit(inherited);
  const filters = filtersFor(launch, filterOf(inherited, context));
  const [terminal] = terminals;
  // Who leads no session of its own may have the caller's terminal.
  const shares = terminal !== undefined || context.sharesTerminal === true || !needsChild(launch);
  const found = lookUp(launch, ways, terminal !== undefined);
  applyPrivileged(inherited);
  const confined = confinement(inherited);
  const domain = inherited.apart ? ownDomain(found.root, {signals: 'all'}) : undefined;
  if (found.root !== root) found.root.close();
  const program = callProgram(
    callsOf(
      {
        launch,
        ways,
        ...found,
        confined,
        domain,
        terminal,
        filters: [...ownFilters(shares ? 'shared' : 'own', filters), ...filters],
      },
      callsThatSay(enterFailed, context.describeError),
    ),
    {ownSession: terminal === undefined},
  );
  return {
    program,
    descriptors: [
      ...[member, root, found.directory, ...cgroups, ...(confined?.descriptors ?? [])].map((file) => file.release()),
      ...(domain === undefined ? [] : [Number(domain.args[0])]),
    ],
    terminal: terminal === undefined ? undefined : (found.terminal ?? pseudoTerminalOfHost()),
  };
};

const filtersFor = (
  {member, filtersOfMember: ofMember = false, process: {seccomp}}: LaunchInto<'member'>,
  compiled: Buffer | null,
): readonly Buffer[] => {
  if (seccomp === null || compiled === null) return [];
  return ofMember ? filtersOfMember(member.pid, seccomp, compiled) : [compiled];
};

interface Found {
  readonly path: string;
  readonly directory: Fd;
  readonly root: Fd;
  readonly terminal: PseudoTerminal | undefined;
}

/** Looks up the program, its working directory and a terminal in the app's file system, with the ids that the app sees. Visits the app's mount namespace, unseen by the app. */
const lookUp = (
  {member: {pid}, namespaces, process}: LaunchInto<'member'>,
  {member, root}: Ways,
  onTerminal: boolean,
): Found => {
  const ids = hostIdsOf(pid);
  // What is asked for below; nothing of this process is in the app's /proc.
  rootless();
  const runner: Process = {
    ...process,
    uid: ids.user(process.uid),
    gid: ids.group(process.gid),
    groups: process.groups.map(ids.group),
  };
  const find = (from: Fd): Found => ({
    path: findExecutable(from, runner),
    directory: openWorkingDirectory(from, runner),
    root: from,
    terminal: onTerminal ? pseudoTerminalOf(from, runner.uid) : undefined,
  });
  if (!namespaces.includes('mount')) return find(root);
  using home = openHost('/proc/self/ns/mnt', constants.O_RDONLY);
  setNamespaces(member, ['mount']);
  try {
    // An app may have changed its own root directory; that of its mount namespace is what rkt gave it.
    return find(openHost('/', DIRECTORY));
  } finally {
    setNamespaces(home, ['mount']);
  }
};

interface Inside {
  readonly launch: LaunchInto<'member'>;
  readonly ways: Ways;
  readonly path: string;
  readonly directory: Fd;
  readonly confined: Confinement | undefined;
  readonly domain: ThreadCall | undefined;
  readonly terminal: number | undefined;
  readonly filters: readonly Buffer[];
}

const callsOf = (
  {launch, ways, path, directory, confined, domain, terminal, filters}: Inside,
  call: MakeCall,
): ProgramCall[] => {
  const {namespaces} = launch;
  const {member, root, cgroups, process} = ways;
  // Whoever joins a user namespace has everything in it at first.
  const here = ownCapabilities();
  const there = namespaces.includes('user')
    ? {...here, bounding: allCapabilities(), permitted: allCapabilities()}
    : here;
  const thread = ({name, args, what}: ThreadCall) => call(name, args, `${name} (${what})`);
  const closed = hideCall(call);
  const elsewhere = workingDirectoryMissing(process.cwd, 'is not to be reached any more');
  const isChild = terminal !== undefined || needsChild(launch);
  // `hideWhatFollows` has execve take it away from this program.
  const atParentsDeath = isChild ? 0 : deathSignal();
  return [
    closed,
    ...(atParentsDeath === 0 ? [] : [call('prctl', [PR_SET_PDEATHSIG, atParentsDeath, 0, 0, 0])]),
    nameCall(call, 'rkt-enter'),
    ...(terminal === undefined ? [] : [signalsCall(call, 'block'), call('ioctl', [terminal, TIOCSCTTY, 0])]),
    ...(isChild ? [{...call('clone', [CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0]), parent: 'wait' as const}] : []),
    ...cgroups.map(({number}) => call('write', [number, cString('0'), 1])),
    ...(confined?.calls(call) ?? []),
    ...(namespaces.length > 0
      ? [call('setns', [member.number, namespaceFlags(namespaces)], memberGone(launch.member.pid))]
      : []),
    ...(namespaces.includes('mount') ? [] : [call('fchdir', [root.number]), call('chroot', [cString('.')])]),
    call('fchdir', [directory.number], elsewhere),
    ...(domain === undefined ? [] : [thread(domain)]),
    ...credentialCalls(process, setsBeforeExec(process, {filters: filters.length, own: there})).map(thread),
    ...newSessionKeyring().map(thread),
    // Other credentials open it again where the host has them do so (fs.suid_dumpable).
    closed,
    call('close_range', [FIRST_BESIDES_STDIO, 0xffff_ffff, 0]),
    ...(isChild ? [{...call('clone', tellingChild(CLONE_PARENT | SIGCHLD)), parent: 'leave' as const}] : []),
    // A shell in the pod knows no process group of the host's, and gives the terminal back to the one that had it.
    ...(terminal === undefined ? [] : [call('setpgid', [0, 0]), call('ioctl', [terminal, TIOCSPGRP, 'child'])]),
    signalsCall(call, 'unblock'),
    ...(isChild && terminal === undefined ? [call('setsid', [])] : []),
    ...becomeCalls(call, path, process, filters),
  ];
};
