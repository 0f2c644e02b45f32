import type {SeccompFilter} from '../contract/process.ts';
import {runFilter} from './run-filter.ts';

const arm = process.arch === 'arm64';
/** AUDIT_ARCH_… of this machine, and of the other ABI that its kernel may have (linux/audit.h). */
const NATIVE = arm ? 0xc000_00b7 : 0xc000_003e;
const OTHER = arm ? 0x4000_0028 : 0x4000_0003;
/** The bit of the numbers of x32. */
const X32 = 0x4000_0000;

/** Above the highest number of a call. */
const NUMBERS = 640;

/** How strict an answer is, by its upper half (linux/seccomp.h); what is not here is as good as allowed. */
const STRICTNESS: Readonly<Record<number, number>> = {32768: 3, 0: 3, 3: 2, 5: 1};
const DENIED = 1;

const weakest = (answers: Iterable<number>): number =>
  Math.min(...[...answers].map((answer) => STRICTNESS[answer >>> 16] ?? 0));

/** Of the filters of a process the strictest answer holds. */
const strictest = (programs: readonly Buffer[], call: Parameters<typeof runFilter>[1]): number =>
  Math.max(0, ...programs.map((program) => weakest(runFilter(program, call))));

/** More than a service manager makes of all its settings. */
const MAX_STARTED_WITH = 64;

/**
 * The oldest filters of a process that together are as strict as `wanted`: what has been added after them, by the process itself, is not even looked at, and may be made to be long to look at (S10).
 * @param actual the oldest first
 */
export const startedWith = (
  wanted: Buffer,
  filter: SeccompFilter,
  actual: readonly Buffer[],
): readonly Buffer[] | undefined => {
  for (let count = 1; count <= Math.min(actual.length, MAX_STARTED_WITH); count++) {
    const oldest = actual.slice(0, count);
    if (weakerCalls(wanted, filter, oldest).length === 0) return oldest;
  }
  return undefined;
};

/**
 * The calls that the filters of a process treat more mildly than one would, by number; those of another ABI as `other` and the number. A call that is denied
 * with some arguments only has to be denied with those, by whatever error.
 * @param filter what `wanted` was compiled from: its conditions say which arguments matter
 */
export const weakerCalls = (wanted: Buffer, filter: SeccompFilter, actual: readonly Buffer[]): string[] => {
  const arguments_ = argumentsOf(filter);
  const isWeaker = (arch: number, number: number): boolean => {
    const promised = [...runFilter(wanted, {arch, number})].map((answer) => weakest([answer]));
    const least = Math.min(...promised);
    if (promised.every((answer) => answer === least)) return strictest(actual, {arch, number}) < least;
    return arguments_.some((args) => {
      const call = {arch, number, args};
      return weakest(runFilter(wanted, call)) >= DENIED && strictest(actual, call) < DENIED;
    });
  };
  const numbers = Array.from({length: NUMBERS}, (_, number) => number);
  return [
    ...numbers.filter((number) => isWeaker(NATIVE, number)).map(String),
    ...numbers.filter((number) => isWeaker(OTHER, number)).map((number) => `other ${number}`),
    ...(arm ? [] : numbers.filter((number) => isWeaker(NATIVE, X32 + number)).map((number) => `other x32 ${number}`)),
  ];
};

const ARGUMENTS = 6;
const zeros = (): bigint[] => Array.from({length: ARGUMENTS}, () => 0n);

/** Arguments on both sides of every condition: each value alone, and those of a rule together. */
const argumentsOf = ({rules}: SeccompFilter): bigint[][] => {
  const found = new Map<string, bigint[]>();
  const add = (args: bigint[]) => found.set(args.join(), args);
  add(zeros());
  for (const {args = []} of rules) {
    const all = zeros();
    for (const {index, value, mask} of args) {
      all[index] = BigInt(value);
      for (const word of [BigInt(value), BigInt(value) + 1n, ...bitsOf(BigInt(mask ?? 0))])
        add(zeros().with(index, word));
    }
    add(all);
  }
  return [...found.values()];
};

const bitsOf = (mask: bigint): bigint[] =>
  Array.from({length: 64}, (_, bit) => 1n << BigInt(bit)).filter((bit) => (mask & bit) !== 0n);
