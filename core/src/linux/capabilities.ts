import {readFileSync} from 'node:fs';
import {ERRNO} from '../contract/errno.ts';
import {CAPABILITIES} from '../contract/kernel-names.ts';
import type {Capability} from '../contract/process.ts';
import {attemptSyscall, syscall} from './libc.ts';
import {SyscallError} from './syscall-error.ts';
import type {ThreadCall} from './thread-call.ts';

const {EINVAL} = ERRNO;
/** linux/prctl.h */
const PR_CAPBSET_READ = 23;
const PR_CAPBSET_DROP = 24;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_RAISE = 2;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
/** linux/capability.h: sets of 64 bits in two words. */
const VERSION_3 = 0x20080522;

const numbers = new Map<Capability, number>(CAPABILITIES.map((name, number) => [name, number]));
const numberOf = (capability: Capability): number => numbers.get(capability) ?? -1;

/** A set as the kernel's 64 bits. */
export const toMask = (capabilities: Iterable<Capability>): bigint => {
  let mask = 0n;
  for (const capability of capabilities) mask |= 1n << BigInt(numberOf(capability));
  return mask;
};

/** The names in a mask, in the order of their numbers; bits that this version does not know are left out. */
export const fromMask = (mask: bigint): Capability[] =>
  CAPABILITIES.filter((_, number) => ((mask >> BigInt(number)) & 1n) === 1n);

/** The five sets of a process, from the text of /proc/PID/status. */
export const parseCapabilities = (status: string) => {
  const field = (name: string): Capability[] => {
    const hex = new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1];
    if (hex === undefined) throw new Error(`/proc/PID/status has no ${name}`);
    return fromMask(BigInt(`0x${hex}`));
  };
  return {
    inheritable: field('CapInh'),
    permitted: field('CapPrm'),
    effective: field('CapEff'),
    bounding: field('CapBnd'),
    ambient: field('CapAmb'),
  };
};
export type CapabilitySets = ReturnType<typeof parseCapabilities>;

/** Those of this process. */
export const ownCapabilities = (): CapabilitySets => parseCapabilities(readFileSync('/proc/self/status', 'latin1'));

/** Takes everything that is not in `keep` out of the bounding set, capabilities that this version does not know included. */
export const boundingDrops = (keep: readonly Capability[]): ThreadCall[] => {
  const mask = toMask(keep);
  const numbers = Array.from({length: capabilityCount()}, (_, number) => number);
  return numbers
    .filter((number) => ((mask >> BigInt(number)) & 1n) === 0n)
    .map((number) => ({
      name: 'prctl',
      args: [PR_CAPBSET_DROP, number, 0, 0, 0],
      what: CAPABILITIES[number] ?? `capability ${number}`,
    }));
};

/** How many capabilities this kernel has. They have the lowest numbers, and are mostly as many as this version knows. */
const capabilityCount = (): number => {
  let count: number = CAPABILITIES.length;
  while (count < 64 && isKnown(count)) count++;
  while (count > 0 && !isKnown(count - 1)) count--;
  return count;
};

const isKnown = (number: number): boolean => {
  const result = attemptSyscall('prctl', [PR_CAPBSET_READ, number, 0, 0, 0]);
  if (result < 0 && result !== -EINVAL) throw new SyscallError('prctl', -result, `capability ${number}`);
  return result >= 0;
};

/** Every capability that this kernel has and this version knows: what whoever joins a user namespace has there at first. */
export const allCapabilities = (): Capability[] => CAPABILITIES.slice(0, capabilityCount());

/** Empties the ambient set. */
export const clearAmbient = (): ThreadCall[] => [
  {name: 'prctl', args: [PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0], what: 'ambient capabilities'},
];

/** Adds to the ambient set; each must be permitted and inheritable. */
export const ambientRaises = (capabilities: readonly Capability[]): ThreadCall[] =>
  capabilities.map((capability) => ({
    name: 'prctl',
    args: [PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, numberOf(capability), 0, 0],
    what: capability,
  }));

/** `struct __user_cap_data_struct[2]`: effective, permitted, inheritable of the lower 32 capabilities, then of the upper ones. */
export const encodeCapData = (effective: bigint, permitted: bigint, inheritable: bigint): Buffer => {
  const data = Buffer.alloc(24);
  [effective, permitted, inheritable].forEach((mask, index) => {
    data.writeUInt32LE(Number(mask & 0xffff_ffffn), index * 4);
    data.writeUInt32LE(Number(mask >> 32n), 12 + index * 4);
  });
  return data;
};

interface ThreadSets {
  readonly effective: readonly Capability[];
  readonly permitted: readonly Capability[];
  readonly inheritable: readonly Capability[];
}

/** Sets the effective, permitted and inheritable sets. */
export const capabilityCall = (sets: ThreadSets): ThreadCall => {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(VERSION_3, 0);
  const data = encodeCapData(toMask(sets.effective), toMask(sets.permitted), toMask(sets.inheritable));
  return {name: 'capset', args: [header, data], what: 'capabilities'};
};

/** {@link capabilityCall} on the calling thread. */
export const setCapabilities = (sets: ThreadSets): void => {
  const {name, args} = capabilityCall(sets);
  syscall(name, args);
};
