import {hash} from 'node:crypto';
import {closeSync, constants, fstatSync, mkdirSync, openSync, readSync} from 'node:fs';
import {join} from 'node:path';
import type {HostPath} from '../contract/names.ts';
import type {SeccompFilter} from '../contract/process.ts';
import {log} from '../debug.ts';
import {atomicWrite} from './atomic-write.ts';
import {BPF_INSTRUCTION, BPF_MAX_INSTRUCTIONS, compileFilter, seccompVersion} from './seccomp.ts';
import {isErrno} from './syscall-error.ts';

const debug = log('seccomp');

/** Changes whenever the same filter would be compiled differently. */
const FORMAT = 1;
const DIGEST = 32;

/**
 * The program of a filter, from the cache or compiled and added to it. Compiling takes longer than everything else at start-up.
 * The directory is created 0700; a file is the program and the sha256 of it, and one that is damaged is made again.
 */
export const compiledFilter = (filter: SeccompFilter, cacheDirectory: HostPath): Buffer => {
  const key = hash('sha256', JSON.stringify([FORMAT, process.arch, seccompVersion(), canonical(filter)]));
  const file = join(cacheDirectory, `${key}.bpf`);
  const cached = readProgram(file);
  if (cached !== undefined) return cached;
  const {program, unknown} = compileFilter(filter);
  if (unknown.length > 0) debug('libseccomp does not know %s', unknown.join(', '));
  mkdirSync(cacheDirectory, {recursive: true, mode: 0o700});
  atomicWrite(file, Buffer.concat([program, hash('sha256', program, 'buffer')]), 0o600);
  return program;
};

/** The same for two filters that mean the same: keys in a fixed order, names sorted. */
const canonical = ({default: otherwise, rules}: SeccompFilter): unknown => {
  const action = (value: SeccompFilter['default']) => [value.action, value.action === 'errno' ? value.errno : null];
  return [action(otherwise), rules.map(({syscalls, outcome}) => [syscalls.toSorted(), action(outcome)])];
};

const readProgram = (file: string): Buffer | undefined => {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const {size, uid, mode} = fstatSync(descriptor);
    const length = size - DIGEST;
    const trusted = uid === process.getuid?.() && (mode & 0o022) === 0;
    if (!trusted || !isProgramLength(length)) return undefined;
    const buffer = Buffer.alloc(size);
    if (readSync(descriptor, buffer) !== size) return undefined;
    const program = buffer.subarray(0, length);
    return hash('sha256', program, 'buffer').equals(buffer.subarray(length)) ? program : undefined;
  } finally {
    closeSync(descriptor);
  }
};

/** Whether that many bytes can be a filter. */
export const isProgramLength = (bytes: number): boolean =>
  bytes > 0 && bytes % BPF_INSTRUCTION === 0 && bytes <= BPF_MAX_INSTRUCTIONS * BPF_INSTRUCTION;
