import type {RootfsPath} from '../../contract/names.ts';
import {callProgramBytes, type ProgramCall} from '../../linux/call-program.ts';
import {cString} from '../../linux/libc.ts';
import {encodeMountAttr} from '../../linux/mount.ts';
import {callsThatSay, type MakeCall} from '../../linux/program-calls.ts';
import type {StepContext} from '../context.ts';
import {initFailed} from '../errors.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';
import {writeNew} from '../write-new.ts';

/** asm-generic/signal-defs.h, linux/prctl.h, linux/fcntl.h, linux/mount.h */
const [SIGKILL, SIGTERM, SIGCHLD, SIGSTOP] = [9, 15, 17, 19];
const [SIG_BLOCK, SIG_SETMASK] = [0, 2];
const SIGNAL_SET_BYTES = 8;
const PR_SET_PDEATHSIG = 1;
const AT_FDCWD = -100;
const AT_RECURSIVE = 0x8000;
const [MS_BIND, MS_REC] = [0x1000, 0x4000];
const RO_NOSUID_NODEV_NOEXEC = 0xf;
const ALL_DESCRIPTORS = 0xffff_ffff;
const FIRST_BESIDES_STDIO = 3;
/** The first child in a pid namespace. */
const HOLDER = 2;

const NULL_DEVICE = cString('/dev/null');
const TMPFS = cString('tmpfs');
const EMPTY = cString('size=4k,nr_inodes=1,mode=0555');
const HIDDEN = encodeMountAttr({flags: ['ro', 'nosuid', 'noexec']});
const READ_ONLY = encodeMountAttr({flags: ['ro', 'nosuid', 'nodev', 'noexec']});

/** How the kernel says that there is no such path; the second also that it is no directory, or one. */
const ABSENT = ['ENOENT', 'ENOTDIR'] as const;
/** And that it is not the root of a mount. */
const NO_MOUNT = 'EINVAL';

/** Writes the program: the pod may read it, and nobody may change it. */
export const perform = (step: StepOf<'init'>, context: StepContext): Notes => {
  const bytes = callProgramBytes(callsOf(step, callsThatSay(initFailed)));
  writeNew({in: 'pod', path: step.target}, bytes, {mode: 0o555, uid: 0, gid: 0}, context);
  return NOTHING;
};

const callsOf = (
  {blocks, maskedPaths, readOnlyPaths, needs = [], program, argv}: StepOf<'init'>,
  call: MakeCall,
): ProgramCall[] => [
  call('prctl', [PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0], 'end with its parent'),
  call('rt_sigprocmask', [SIG_BLOCK, signalSet(bitsOf(blocks)), 0, SIGNAL_SET_BYTES], 'block signals'),
  ...readOnlyPaths.map((path) => protect(path, call)),
  // Where it is missing, a path that is there would count as absent.
  ...(maskedPaths.length > 0 ? [find('/dev/null', call)] : []),
  ...maskedPaths.map((path) => hide(path, call)),
  ...needs.map((path) => find(path, call)),
  holder(call),
  call('execve', [cString(program), {strings: argv.map(cString)}, 'environment'], `become ${program}`),
];

const find = (path: string, call: MakeCall): ProgramCall =>
  call('faccessat2', [AT_FDCWD, cString(path), 0, 0], `find ${path}`);

const protect = (path: RootfsPath, call: MakeCall): ProgramCall => {
  const place = cString(path);
  const what = `make ${path} read-only`;
  const bind = call('mount', [place, place, 0, MS_BIND | MS_REC, 0], what);
  const change = call('mount_setattr', [AT_FDCWD, place, AT_RECURSIVE, READ_ONLY, READ_ONLY.length], what);
  return {...change, tolerates: [NO_MOUNT, ...ABSENT], instead: [bind, change].map(unlessAbsent)};
};

/** A file is refused as what it is not, like a path that is absent: then the null device is tried, which a directory would not take. */
const hide = (path: RootfsPath, call: MakeCall): ProgramCall => {
  const place = cString(path);
  const what = `hide ${path}`;
  const asFile = [
    call('mount', [NULL_DEVICE, place, 0, MS_BIND, 0], what),
    call('mount_setattr', [AT_FDCWD, place, 0, HIDDEN, HIDDEN.length], what),
  ];
  const asDirectory = call('mount', [TMPFS, place, TMPFS, RO_NOSUID_NODEV_NOEXEC, EMPTY], what);
  return {...unlessAbsent(asDirectory), instead: asFile.map(unlessAbsent)};
};

const unlessAbsent = (call: ProgramCall): ProgramCall => ({...call, tolerates: ABSENT});

/** It is stopped, so that an app that tells all others to end (`kill -TERM -1`) does not end it: systemd, at the end of the pod, continues whom it has told. */
const holder = (call: MakeCall): ProgramCall => {
  const what = 'keep the standard streams open';
  const ofHolder: MakeCall = (name, args) => call(name, args, what);
  return {
    ...ofHolder('clone', [SIGCHLD, 0, 0, 0, 0]),
    child: [
      ofHolder('rt_sigprocmask', [SIG_SETMASK, signalSet(~bitsOf([SIGTERM])), 0, SIGNAL_SET_BYTES]),
      ofHolder('close_range', [FIRST_BESIDES_STDIO, ALL_DESCRIPTORS, 0]),
      ofHolder('kill', [HOLDER, SIGSTOP]),
      ofHolder('ppoll', [0, 0, 0, 0, 0]),
    ],
  };
};

const bitsOf = (signals: readonly number[]): bigint =>
  signals.reduce((bits, signal) => bits | (1n << BigInt(signal - 1)), 0n);

const signalSet = (bits: bigint): Buffer => {
  const set = Buffer.alloc(SIGNAL_SET_BYTES);
  set.writeBigUInt64LE(BigInt.asUintN(64, bits));
  return set;
};
