import type {DynamicLibrary} from 'node:ffi';
import {SyscallError} from './syscall-error.ts';

/*
 * The only door to the kernel besides Node's own `fs`. Every call goes through syscall(2) of the C library: it acts on the calling thread
 * alone, where the library's own setuid and friends would signal V8's threads, and is not variadic in its registers on x86-64 and arm64.
 */

type Argument = bigint | number | string | Uint8Array | null;
type NativeArgument = bigint | number;

// node:ffi is loaded by the first call, so that commands that need no kernel do not pay for it.
let native:
  | {
      readonly syscall: (...args: NativeArgument[]) => bigint;
      readonly errno: () => number;
      readonly pointer: (b: Uint8Array) => bigint;
      /** Where the strings of one call are, and the address of that. */
      readonly strings: Buffer;
      readonly stringsAt: bigint;
    }
  | undefined;

/** Bytes for the strings of one call; those that do not fit get a buffer of their own. */
const STRINGS = 16_384;
/** Bytes of UTF-8 for a unit of UTF-16, at most. */
const WIDEST = 3;

const load = () => {
  const ffi = process.getBuiltinModule('node:ffi');
  const library: DynamicLibrary = new ffi.DynamicLibrary('libc.so.6');
  const syscall = library.getFunction('syscall', {
    return: 'i64',
    arguments: ['i64', 'i64', 'i64', 'i64', 'i64', 'i64', 'i64'],
  });
  const location = library.getFunction('__errno_location', {return: 'pointer', arguments: []})();
  const pointer = (buffer: Uint8Array): bigint => ffi.getRawPointer(buffer as Buffer);
  const strings = Buffer.allocUnsafeSlow(STRINGS);
  return {
    syscall: syscall as unknown as (...args: NativeArgument[]) => bigint,
    errno: () => ffi.getInt32(location, 0),
    pointer,
    strings,
    stringsAt: pointer(strings),
  };
};

/** Address of a buffer's first byte, for structures that hold pointers. The caller keeps the buffer alive until after the call. */
export const addressOf = (buffer: Uint8Array): bigint => {
  native ??= load();
  return native.pointer(buffer);
};

/** A C string; refuses an embedded NUL, which would cut the value short. */
export const cString = (text: string): Buffer => {
  refuseNul(text);
  return Buffer.from(`${text}\0`);
};

const refuseNul = (text: string): void => {
  if (text.includes('\0')) throw new TypeError(`a string for the kernel contains a NUL byte: ${JSON.stringify(text)}`);
};

const x64 = process.arch === 'x64';
/** System call numbers that differ below 424; from there on all architectures share them. */
const number = (x86: number, arm: number): number => (x64 ? x86 : arm);

/** Numbers of asm/unistd_64.h (x86-64) and asm-generic/unistd.h (arm64). */
export const SYS = {
  bind: number(49, 200),
  bpf: number(321, 280),
  capget: number(125, 90),
  capset: number(126, 91),
  close_range: 436,
  chroot: number(161, 51),
  clone: number(56, 220),
  connect: number(42, 203),
  dup3: number(292, 24),
  execve: number(59, 221),
  execveat: number(322, 281),
  exit_group: number(231, 94),
  faccessat2: 439,
  fallocate: number(285, 47),
  fchdir: number(81, 50),
  fchmodat: number(268, 53),
  fchownat: number(260, 54),
  fcntl: number(72, 25),
  flock: number(73, 32),
  fstatfs: number(138, 44),
  getcwd: number(79, 17),
  getpgid: number(121, 155),
  getsid: number(124, 156),
  getsockname: number(51, 204),
  getsockopt: number(55, 209),
  getdents64: number(217, 61),
  ioctl: number(16, 29),
  keyctl: number(250, 219),
  kill: number(62, 129),
  landlock_add_rule: 445,
  landlock_create_ruleset: 444,
  landlock_restrict_self: 446,
  linkat: number(265, 37),
  llistxattr: number(195, 12),
  lseek: number(8, 62),
  lgetxattr: number(192, 9),
  fsetxattr: number(190, 7),
  mkdirat: number(258, 34),
  memfd_create: number(319, 279),
  mknodat: number(259, 33),
  mmap: number(9, 222),
  mount: number(165, 40),
  mprotect: number(10, 226),
  openat2: 437,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  personality: number(135, 92),
  pidfd_open: 434,
  pidfd_send_signal: 424,
  mount_setattr: 442,
  pipe2: number(293, 59),
  pivot_root: number(155, 41),
  ppoll: number(271, 73),
  prctl: number(157, 167),
  prlimit64: number(302, 261),
  ptrace: number(101, 117),
  read: number(0, 63),
  readlinkat: number(267, 78),
  renameat2: number(316, 276),
  rt_sigaction: number(13, 134),
  rt_sigprocmask: number(14, 135),
  seccomp: number(317, 277),
  setfsgid: number(123, 152),
  setfsuid: number(122, 151),
  setgroups: number(116, 159),
  setitimer: number(38, 103),
  sethostname: number(170, 161),
  setns: number(308, 268),
  setpgid: number(109, 154),
  setresgid: number(119, 149),
  setresuid: number(117, 147),
  setsid: number(112, 157),
  socket: number(41, 198),
  socketpair: number(53, 199),
  statx: number(332, 291),
  symlinkat: number(266, 36),
  syncfs: number(306, 267),
  umask: number(95, 166),
  umount2: number(166, 39),
  unlinkat: number(263, 35),
  unshare: number(272, 97),
  wait4: number(61, 260),
  waitid: number(247, 95),
  write: number(1, 64),
} as const;
export type SyscallName = keyof typeof SYS;

/**
 * Makes a system call. Strings become C strings, which the kernel must not need after it has returned; buffers their address, `null` the null pointer; numbers are passed as signed 64 bit.
 * @throws {SyscallError} with errno name, call and `path` (default: the first string argument).
 */
export const syscall = (name: SyscallName, args: readonly Argument[], path?: string): number => {
  const result = attemptSyscall(name, args);
  if (result >= 0) return result;
  throw new SyscallError(name, -result, path ?? args.find((argument) => typeof argument === 'string'));
};

/** {@link syscall} that returns the errno, negative, when it fails: for a call that usually does, an error takes longer than the call. */
export const attemptSyscall = (name: SyscallName, args: readonly Argument[]): number => {
  native ??= load();
  stringsUsed = 0;
  kept.length = 0;
  const [a, b, c, d, e, f] = args;
  const result = Number(native.syscall(BigInt(SYS[name]), word(a), word(b), word(c), word(d), word(e), word(f)));
  return result === -1 ? -native.errno() : result;
};

/** How much of the room for strings this call has taken. */
let stringsUsed = 0;
/** What the arguments of a call point to: until the next one it cannot be collected. */
const kept: Uint8Array[] = [];

/** An argument as it is in a register. */
const word = (argument: Argument | undefined): bigint => {
  if (typeof argument === 'number') return BigInt(argument);
  if (typeof argument === 'bigint') return argument;
  if (argument === undefined || argument === null) return 0n;
  if (typeof argument === 'string' && stringsUsed + WIDEST * argument.length < STRINGS) return stringWord(argument);
  const buffer = typeof argument === 'string' ? cString(argument) : argument;
  kept.push(buffer);
  return addressOf(buffer);
};

const stringWord = (text: string): bigint => {
  native ??= load();
  refuseNul(text);
  const at = native.stringsAt + BigInt(stringsUsed);
  // With a place it is checked, which takes longer than to write.
  stringsUsed += stringsUsed === 0 ? native.strings.write(text) : native.strings.write(text, stringsUsed);
  native.strings[stringsUsed++] = 0;
  return at;
};
