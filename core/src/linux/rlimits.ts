import {RLIMITS, type RlimitName} from '../contract/kernel-names.ts';
import type {Process} from '../contract/process.ts';
import {rlimitNotPermitted} from './errors.ts';
import {syscall} from './libc.ts';
import {isErrno} from './syscall-error.ts';

/** `null` is unlimited. Bytes, seconds or numbers, as the resource has it. */
export interface Rlimit {
  readonly soft: number | null;
  readonly hard: number | null;
}

const INFINITY = 0xffff_ffff_ffff_ffffn;
const encode = (value: number | null): bigint => (value === null ? INFINITY : BigInt(value));
const decode = (value: bigint): number | null => (value === INFINITY ? null : Number(value));

/** Number of a resource (asm-generic/resource.h). */
export const rlimitNumber = (name: RlimitName): number => RLIMITS.indexOf(name);

/** `struct rlimit64`: soft, hard. */
export const encodeRlimit = ({soft, hard}: Rlimit): Buffer => {
  const buffer = Buffer.alloc(16);
  buffer.writeBigUInt64LE(encode(soft), 0);
  buffer.writeBigUInt64LE(encode(hard), 8);
  return buffer;
};

/** A limit of this process. */
export const getRlimit = (name: RlimitName): Rlimit => {
  const buffer = Buffer.alloc(16);
  syscall('prlimit64', [0, rlimitNumber(name), null, buffer], name);
  return {soft: decode(buffer.readBigUInt64LE(0)), hard: decode(buffer.readBigUInt64LE(8))};
};

/** Sets a limit of this process. EPERM for a hard limit above the present one without CAP_SYS_RESOURCE. */
export const setRlimit = (name: RlimitName, limit: Rlimit): void => {
  syscall('prlimit64', [0, rlimitNumber(name), encodeRlimit(limit), null], name);
};

/** Whether `a` allows more than `b`. */
export const exceeds = (a: number | null, b: number | null): boolean => b !== null && (a === null || a > b);

const show = (value: number | null): string => (value === null ? 'unlimited' : String(value));

/**
 * Raises a hard limit, while there still are the capabilities for it, if it is lower, and leaves the soft one.
 * @returns whether it is that high; EPERM is `false`
 */
export const raiseHardLimit = (name: RlimitName, hard: number | null): boolean => {
  const own = getRlimit(name);
  if (!exceeds(hard, own.hard)) return true;
  try {
    setRlimit(name, {soft: own.soft, hard});
    return true;
  } catch (error) {
    if (isErrno(error, 'EPERM')) return false;
    throw error;
  }
};

/**
 * Raises the hard limits that must be raised, and leaves the soft ones, under which rkt itself has to go on. What remains to be done is only lowering.
 * @throws RKT_RLIMIT_NOT_PERMITTED
 */
export const raiseHardLimits = (limits: Process['rlimits']): void => {
  for (const {name, hard} of limits)
    if (!raiseHardLimit(name, hard)) throw rlimitNotPermitted(name, show(hard), show(getRlimit(name).hard));
};

const NAMES: Readonly<Record<string, RlimitName>> = {
  'Max cpu time': 'cpu',
  'Max file size': 'fsize',
  'Max data size': 'data',
  'Max stack size': 'stack',
  'Max core file size': 'core',
  'Max resident set': 'rss',
  'Max processes': 'nproc',
  'Max open files': 'nofile',
  'Max locked memory': 'memlock',
  'Max address space': 'as',
  'Max file locks': 'locks',
  'Max pending signals': 'sigpending',
  'Max msgqueue size': 'msgqueue',
  'Max nice priority': 'nice',
  'Max realtime priority': 'rtprio',
  'Max realtime timeout': 'rttime',
};

/** Parses the text of /proc/PID/limits. */
export const parseLimits = (text: string): Partial<Record<RlimitName, Rlimit>> => {
  const limits: Partial<Record<RlimitName, Rlimit>> = {};
  const value = (field: string): number | null => (field === 'unlimited' ? null : Number(field));
  for (const line of text.split('\n').slice(1)) {
    const [, label = '', soft, hard] = /^(Max .+?)\s{2,}(\S+)\s+(\S+)/.exec(line) ?? [];
    const name = NAMES[label];
    if (name !== undefined && soft !== undefined && hard !== undefined) {
      limits[name] = {soft: value(soft), hard: value(hard)};
    }
  }
  return limits;
};
