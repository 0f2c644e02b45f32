import {constants} from 'node:fs';
import type {Process} from '../contract/process.ts';
import {callProgram} from '../linux/call-program.ts';
import {cgroupPath, directoryOf, isWithin} from '../linux/cgroup-paths.ts';
import {createCgroup} from '../linux/create-cgroup.ts';
import {execFailed} from '../linux/errors.ts';
import type {Fd} from '../linux/fd.ts';
import {joinCgroup} from '../linux/join-cgroup.ts';
import {cString} from '../linux/libc.ts';
import {type NotifyRelay, openNotifyRelay} from '../linux/notify-relay.ts';
import {O_PATH, openHost} from '../linux/openat2.ts';
import {pipe} from '../linux/pipe.ts';
import {cgroupsOf} from '../linux/proc-cgroup.ts';
import {callsThatSay, executeCall, hideCall, nameCall, signalsCall} from '../linux/program-calls.ts';
import {requireProgram} from '../linux/programs.ts';
import {confinement, type Labels} from '../linux/security-labels.ts';
import {trackingHierarchy} from '../linux/used-hierarchies.ts';
import type {Front} from './become.ts';
import type {ExecutorContext} from './context.ts';

export type Started = Pick<Process, 'argv' | 'env'> & Labels;

const SIGCHLD = 17;
const SIGKILL = 9;
/** linux/prctl.h */
const PR_SET_PDEATHSIG = 1;

const NOTIFY_SOCKET = 'NOTIFY_SOCKET';
/** sd_listen_fds(3) */
const FIRST_PASSED = 3;

/** The cgroup, below the pod's, of the process that stays before its supervisor. */
const OWN_CGROUP = 'rkt';

/**
 * What this process becomes before a program that supervises apps: some system calls, which start the program, pass every signal on to those it is for, and end as the program does. It has no library and no loader, and takes two
 * pages of memory. If it is killed, so is the program. What the program tells a service manager is sent by this process, which the manager knows; passed sockets go to the program.
 */
export const stayBefore = (
  program: string,
  started: Started,
  signalsTo: readonly string[],
  context: Pick<ExecutorContext, 'facts' | 'pod' | 'describeError'>,
): Front => {
  const cgroups = leavePod(context);
  const notify = notifyRelay(started, context);
  const sockets = passed(started);
  const confined = confinement(started);
  const {path, argv, env} = withOwnNumber({path: program, ...started}, sockets > 0, notify?.relay);
  const {read, write} = pipe();
  const call = callsThatSay(() => execFailed(program, new Error('the kernel refuses it')), context.describeError);
  const close = ({number}: Fd) => call('close_range', [number, number, 0]);
  const calls = [
    hideCall(call),
    nameCall(call, 'rkt'),
    ...(confined?.calls(call) ?? []),
    {...call('clone', [SIGCHLD, 0, 0, 0, 0]), parent: 'tend' as const},
    close(read),
    call('prctl', [PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0]),
    // Nobody reads any more if the parent has ended before that.
    call('write', [write.number, cString('0'), 1]),
    close(write),
    ...cgroups.back.flatMap((procs) => [call('write', [procs.number, cString('0'), 1]), close(procs)]),
    ...(notify?.descriptors.map(close) ?? []),
    call('setsid', []),
    signalsCall(call, 'unblock'),
    executeCall(call, path, {argv, env}),
  ];
  const members = signalsTo.flatMap(cgroups.members);
  const closes = sockets > 0 ? ([FIRST_PASSED, FIRST_PASSED + sockets - 1] as const) : undefined;
  return {
    program: callProgram(calls, {tended: {members, relay: notify?.relay, closes}}),
    descriptors: [read, write, ...cgroups.back, ...(notify?.descriptors ?? []), ...(confined?.descriptors ?? [])],
  };
};

const notifyRelay = ({env}: Started, {pod}: Pick<ExecutorContext, 'pod'>) => {
  const manager = env.find(({name}) => name === NOTIFY_SOCKET)?.value;
  if (manager === undefined) return undefined;
  const directory = openHost(pod.directory, O_PATH | constants.O_DIRECTORY);
  const relay = openNotifyRelay(manager, directory);
  return relay && {relay, descriptors: [directory, relay.from, relay.to]};
};

/** How many sockets the program is told about. */
const passed = ({env}: Started): number => Number(env.find(({name}) => name === 'LISTEN_FDS')?.value ?? 0);

/** Passed sockets name the process that they are for by its number (LISTEN_PID), which nobody knows before it exists: so that process is a shell first, which sets it. */
const OWN_NUMBER = 'LISTEN_PID=$$; exec "$@"';

const withOwnNumber = (
  {path, argv, env}: Started & {readonly path: string},
  hasSockets: boolean,
  relay: NotifyRelay | undefined,
) => ({
  ...(hasSockets
    ? {path: requireProgram('sh'), argv: ['sh', '-c', OWN_NUMBER, 'sh', path, ...argv.slice(1)]}
    : {path, argv}),
  env: env.map(({name, value}) => ({name, value: name === NOTIFY_SOCKET && relay ? relay.path : value})),
});

/** In v2 a cgroup can limit those below it only if it has no process of its own: so this process moves to a cgroup below the pod's, and `back` is how the program gets out of that. */
const leavePod = ({facts: {cgroup}, pod}: Pick<ExecutorContext, 'facts' | 'pod'>) => {
  const hierarchy = trackingHierarchy(cgroup);
  const path = cgroupPath(cgroup, pod.cgroup);
  const files = (names: string) => `${names}/cgroup.procs`;
  if (hierarchy === undefined) return {back: [], members: () => []};
  const members = (below: string): string[] => [files(directoryOf(hierarchy, `${path}/${below}`))];
  if (hierarchy.version === 1 || !cgroupsOf().some((own) => isWithin(own.path, path))) return {back: [], members};
  const back = openHost(files(directoryOf(hierarchy, path)), constants.O_WRONLY);
  const own = `${path}/${OWN_CGROUP}`;
  createCgroup({hierarchies: [hierarchy]}, own);
  joinCgroup({hierarchies: [hierarchy]}, own);
  return {back: [back], members};
};
