import {closeSync, constants, fstatSync, openSync, readlinkSync, readSync} from 'node:fs';
import {join} from 'node:path';
import type {HostPath} from '../contract/names.ts';
import type {SeccompFilter} from '../contract/process.ts';
import {BPF_INSTRUCTION, BPF_MAX_INSTRUCTIONS, compileFilter, seccompVersion} from './seccomp.ts';
import {isErrno, isSystemError} from './syscall-error.ts';
import {textHash} from './text-hash.ts';
import {writeCache} from './write-cache.ts';

/** Changes whenever the same filter would be compiled differently. */
const FORMAT = 3;
/** Bytes of a cached file; the largest key and program are far below. */
const MAX_FILE = 256 * 1024;

/**
 * The program of a filter, from the cache or compiled and added to it. Compiling takes longer than everything else at start-up, and so would a
 * cryptographic hash of the key: a file is found by a short hash of its key, holds the whole key, the program and a checksum, and
 * counts only if all of them fit. The directory is created 0700.
 */
export const compiledFilter = (filter: SeccompFilter, cacheDirectory: HostPath): Buffer => {
  const key = JSON.stringify([FORMAT, process.arch, libraryVersion(), canonical(filter)]);
  const file = join(cacheDirectory, `${textHash(key)}.bpf`);
  const cached = readProgram(file, key);
  if (cached !== undefined) return cached;
  const program = compileFilter(filter);
  writeCache(file, encode(key, program));
  return program;
};

const LIBRARIES = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'];

// `libseccomp.so.2.5.4`; loading the library only to ask it costs more.
const libraryVersion = (): string => {
  for (const directory of LIBRARIES) {
    try {
      return readlinkSync(`${directory}/libseccomp.so.2`);
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EINVAL')) throw error;
    }
  }
  return seccompVersion();
};

/** The same for two filters that mean the same: keys in a fixed order, names sorted. */
const canonical = ({default: otherwise, rules}: SeccompFilter): unknown => {
  const action = (value: SeccompFilter['default']) => [value.action, value.action === 'errno' ? value.errno : null];
  return [
    action(otherwise),
    rules.map(({syscalls, outcome, args = []}) => [
      syscalls.toSorted(),
      action(outcome),
      args.map(({index, op, value, mask}) => [index, op, value, mask ?? null]),
    ]),
  ];
};

/** Key, newline, checksum of key and program, newline, program. */
const encode = (key: string, program: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${key}\n${checksum(key, program)}\n`), program]);

const checksum = (key: string, program: Buffer): string => textHash(key + program.toString('latin1'));

const readProgram = (file: string, key: string): Buffer | undefined => {
  const content = readTrusted(file);
  if (content === undefined) return undefined;
  const [start, sum] = [content.indexOf('\n'), content.indexOf('\n', content.indexOf('\n') + 1)];
  const program = content.subarray(sum + 1);
  const fits = content.toString('utf8', 0, start) === key && isProgramLength(program.length);
  return fits && content.toString('latin1', start + 1, sum) === checksum(key, program) ? program : undefined;
};

const readTrusted = (file: string): Buffer | undefined => {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
  try {
    const {size, uid, mode} = fstatSync(descriptor);
    if (uid !== process.getuid?.() || (mode & 0o022) !== 0 || size > MAX_FILE) return undefined;
    const buffer = Buffer.alloc(size);
    return readSync(descriptor, buffer) === size ? buffer : undefined;
  } finally {
    closeSync(descriptor);
  }
};

/** Whether that many bytes can be a filter. */
export const isProgramLength = (bytes: number): boolean =>
  bytes > 0 && bytes % BPF_INSTRUCTION === 0 && bytes <= BPF_MAX_INSTRUCTIONS * BPF_INSTRUCTION;
