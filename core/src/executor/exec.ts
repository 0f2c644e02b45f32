import {constants} from 'node:fs';
import type {Launch} from '../contract/launch.ts';
import type {Fd} from '../linux/fd.ts';
import {findExecutable} from '../linux/find-executable.ts';
import {pivotRoot} from '../linux/mount.ts';
import {O_PATH, openHost} from '../linux/openat2.ts';
import {checkProgram} from '../linux/program-file.ts';
import {holdDescriptors} from '../linux/reopen.ts';
import {ignoreHangup} from '../linux/signals.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {enterWorkingDirectory, openWorkingDirectory} from '../linux/working-directory.ts';
import {type Program, prepareToBecome} from './become.ts';
import {bindTerminal} from './bind-terminal.ts';
import type {LaunchContext} from './context.ts';
import {launchProgramMissing} from './errors.ts';
import {faultPoint} from './fault.ts';
import {openLocation} from './location.ts';
import type {Made} from './made.ts';
import {readyNotice} from './ready-notice.ts';
import {prepareRedirect} from './redirect.ts';
import {type Started, stayBefore} from './stay-before.ts';
import {prepareToStayOutside} from './stay-outside.ts';

export type LaunchInto<K extends Launch['into']> = Extract<Launch, {into: K}>;

const DIRECTORY = O_PATH | constants.O_DIRECTORY;
const LOCK_VARIABLE = 'RKT_LOCK_FD';
const USER_NAMESPACE_VARIABLE = 'RKT_USER_NAMESPACE_FD';
const TAPS_VARIABLE = 'RKT_TAP_FDS';

/**
 * Last stage of a run: replaces this process by the program. Everything that can be found wrong is found before the root directory changes and
 * before `beforeExec`; `onPointOfNoReturn` is called when this process is about to lose the privileges to undo anything.
 */
export const exec = (
  launch: LaunchInto<'rootfs' | 'host'>,
  context: LaunchContext,
  onPointOfNoReturn: () => void,
): never => {
  faultPoint('launch.prepare');
  holdDescriptors();
  return launch.into === 'rootfs'
    ? execInRootfs(launch, context, onPointOfNoReturn)
    : execOnHost(launch, context, onPointOfNoReturn);
};

const execInRootfs = (
  {
    root: location,
    process,
    passSockets,
    stdio,
    terminal,
    tellsReady,
    keepUserNamespace,
    keepTaps,
  }: LaunchInto<'rootfs'>,
  context: LaunchContext,
  onPointOfNoReturn: () => void,
): never => {
  using root = openLocation(location, context, DIRECTORY);
  const path = findExecutable(root, process);
  using directory = openWorkingDirectory(root, process);
  const named = terminal === undefined ? undefined : bindTerminal(terminal, context);
  const redirect = prepareRedirect(stdio, context);
  using notice = tellsReady ? readyNotice(context) : undefined;
  const onReady = notice && {onReady: notice.give};
  const keep = [
    ...(keepUserNamespace ? [{variable: USER_NAMESPACE_VARIABLE, fds: [userNamespaceOf(context.made)]}] : []),
    ...(keepTaps ? [{variable: TAPS_VARIABLE, fds: context.made.taps.map(({number}) => number)}] : []),
  ];
  const program: Program = {process, passSockets, keep, redirect, ...onReady, terminal: 'shared'};
  const {firstProcess: first} = context.made;
  const become =
    first === undefined ? prepareToBecome(program, context) : prepareToStayOutside(program, first, context);
  context.beforeExec?.();
  faultPoint('launch.root');
  pivotRoot(root);
  named?.open();
  enterWorkingDirectory(directory, process.cwd);
  return become(path, onPointOfNoReturn, root);
};

const userNamespaceOf = ({idMap}: Made): number => {
  if (idMap === undefined) throw new Error('the plan has no step "id-map", and its launch keeps the user namespace');
  return idMap.namespace.number;
};

const execOnHost = (
  {
    program,
    process,
    passSockets,
    keepLock,
    sharesTerminal,
    ignoreHangup: outlives = false,
    signalsTo,
  }: LaunchInto<'host'>,
  context: LaunchContext,
  onPointOfNoReturn: () => void,
): never => {
  using root = openHost('/', DIRECTORY);
  checkHostProgram(root, program, process);
  using directory = openWorkingDirectory(root, process);
  const keep = keepLock ? [{variable: LOCK_VARIABLE, fds: [context.lock.number]}] : [];
  const front = signalsTo && ((started: Started) => stayBefore(program, started, signalsTo, context));
  const terminal = sharesTerminal ? 'shared' : 'own';
  const become = prepareToBecome({process, passSockets, keep, ...(front && {front}), terminal}, context);
  context.beforeExec?.();
  faultPoint('launch.root');
  if (outlives) ignoreHangup();
  enterWorkingDirectory(directory, process.cwd);
  return become(program, onPointOfNoReturn);
};

const checkHostProgram = (root: Fd, program: string, process: LaunchInto<'host'>['process']): void => {
  using file = openProgram(program);
  checkProgram(root, file, program, process);
};

const openProgram = (program: string): Fd => {
  try {
    return openHost(program, O_PATH);
  } catch (error) {
    throw isErrno(error, 'ENOENT', 'ENOTDIR') ? launchProgramMissing(program, error) : error;
  }
};
