import {callProgram, tellingChild} from '../linux/call-program.ts';
import {applyPrivileged, credentialCalls, setsBeforeExec} from '../linux/credentials.ts';
import {execFailed} from '../linux/errors.ts';
import type {Fd} from '../linux/fd.ts';
import {closeOnExecFrom, keepOnExec} from '../linux/fd-flags.ts';
import type {FirstProcess} from '../linux/first-process.ts';
import {forgetCaller} from '../linux/forget-caller.ts';
import {ownDomain} from '../linux/landlock.ts';
import {addressOf, cString, syscall} from '../linux/libc.ts';
import {groupFilters, ownFilters} from '../linux/own-filters.ts';
import {passedSockets} from '../linux/passed-sockets.ts';
import {becomeCalls, callsThatSay, hideCall, nameCall, signalsCall} from '../linux/program-calls.ts';
import {restoreProcess, restoreStdio} from '../linux/restore.ts';
import {confinement} from '../linux/security-labels.ts';
import {newSessionKeyring} from '../linux/session-keyring.ts';
import {blockAllSignals} from '../linux/signals.ts';
import {isTerminal, TIOCSPGRP} from '../linux/terminal.ts';
import type {ThreadCall} from '../linux/thread-call.ts';
import {type Become, filterOf, type Program} from './become.ts';
import type {ExecutorContext} from './context.ts';
import {faultPoint} from './fault.ts';

const SIGCHLD = 17;
/** linux/fcntl.h */
const AT_EMPTY_PATH = 0x1000;
const LAST_STREAM = 2;
const FIRST_PASSED = 3;

/** After the first process of a namespace, its number there is the next. */
const OWN_NUMBER = '2';

/**
 * What `prepareToBecome` is, where the pod has a pid namespace of its own, which no process can join by itself: this process becomes some system calls, outside, of which the program is the child. They hand on
 * every signal, stop with it, have nothing else open, and end as it does when nobody of the pod is left. No library, no loader, a few pages of memory.
 */
export const prepareToStayOutside = (
  {process, passSockets, redirect, onReady, terminal}: Program,
  first: FirstProcess,
  context: Pick<ExecutorContext, 'caches' | 'describeError'>,
): Become => {
  const sockets = passSockets ? passedSockets() : {fds: [], env: []};
  const compiled = filterOf(process, context);
  const isOnTerminal = [0, 1, 2].some(isTerminal);
  const leads = terminalToLead();
  const group = isOnTerminal && leads === undefined ? groupFilters() : [];
  const filters = [...ownFilters(terminal), ...group, ...(compiled === null ? [] : [compiled])];
  const sets = setsBeforeExec(process, {filters: filters.length});
  const keyring = newSessionKeyring();
  applyPrivileged(process);
  const confined = confinement(process);
  forgetCaller();
  restoreProcess();
  const passed = sockets.env.map((each) => (each.name === 'LISTEN_PID' ? {...each, value: OWN_NUMBER} : each));
  const env = [...process.env.filter(({name}) => passed.every((entry) => entry.name !== name)), ...passed];
  const lastPassed = LAST_STREAM + sockets.fds.length;

  return (path, onPointOfNoReturn, root) => {
    faultPoint('launch.credentials');
    closeOnExecFrom(FIRST_PASSED);
    const domain = process.apart && root !== undefined ? [ownDomain(root, {signals: 'own'})] : [];
    const refused = execFailed(path, new Error('the kernel refuses it'));
    const call = callsThatSay(() => refused, context.describeError);
    const thread = ({name, args, what}: ThreadCall) => call(name, args, execFailed(what, new Error(name)));
    const program = callProgram(
      [
        hideCall(call),
        nameCall(call, 'rkt'),
        ...(confined?.calls(call) ?? []),
        {...call('clone', tellingChild(SIGCHLD)), parent: 'tend'},
        // A shell knows no process group of outside, and gives the terminal back to the one that had it.
        ...(leads === undefined ? [] : [call('setpgid', [0, 0]), call('ioctl', [leads, TIOCSPGRP, 'child'])]),
        // Neither the terminal nor the process group of rkt's caller is within its reach then (S28, S30).
        ...(isOnTerminal ? [] : [call('setsid', [])]),
        ...domain.map(thread),
        call('close_range', [lastPassed + 1, 0xffff_ffff, 0]),
        ...credentialCalls(process, sets).map(thread),
        ...keyring.map(thread),
        signalsCall(call, 'unblock'),
        ...becomeCalls(call, path, {...process, env}, filters),
      ],
      {ownSession: !isOnTerminal, last: {pid: first.identity.pid, holds: first.holds, closes: [0, lastPassed]}},
    );
    const taken = [first.holds, ...(confined?.descriptors ?? [])].map(({number}) => number);
    for (const fd of [...sockets.fds, ...taken, ...domain.map(({args}) => Number(args[0]))]) keepOnExec(fd);
    onPointOfNoReturn();
    faultPoint('launch.exec');
    onReady?.();
    restoreStdio();
    redirect?.apply();
    blockAllSignals();
    return become(program);
  };
};

/** By its descriptor: in the root directory of the pod there is no path to it. */
const become = (program: Fd): never => {
  const name = cString('rkt');
  const argv = Buffer.alloc(16);
  argv.writeBigUInt64LE(addressOf(name));
  syscall('execveat', [program.number, '', argv, Buffer.alloc(8), AT_EMPTY_PATH], name.toString('latin1'));
  throw new Error('execveat came back');
};

/** The one that this process leads a session on, as rkt has made it for an app. */
const terminalToLead = (): number | undefined => {
  const [terminal] = [0, 1, 2].filter(isTerminal);
  return terminal !== undefined && syscall('getsid', [0]) === process.pid ? terminal : undefined;
};
