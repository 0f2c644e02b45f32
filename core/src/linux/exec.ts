import type {Process} from '../contract/process.ts';
import {assertArgumentsFit} from './arguments-fit.ts';
import {type CallInRow, callsInARow} from './calls-in-a-row.ts';
import {expectFilter} from './end-process.ts';
import {execFailed} from './errors.ts';
import {addressOf, cString} from './libc.ts';
import {encodeRlimit, rlimitNumber} from './rlimits.ts';

/** linux/seccomp.h */
export const SECCOMP_SET_MODE_FILTER = 1n;
/** PATH_MAX */
const MAX_PATH = 4096;

export interface Execution {
  readonly argv: readonly string[];
  readonly env: Process['env'];
  /** Set just before, because Node itself may not be able to go on under them. */
  readonly rlimits: Process['rlimits'];
  /** Each `struct sock_filter[]`, in the order in which they are loaded: the last may allow nothing but execve. */
  readonly filters: readonly Buffer[];
}

/** `char *[]` with its null pointer at the end. The strings are one buffer that `keep` holds on to. */
const pointerArray = (strings: readonly string[], keep: Buffer[]): Buffer => {
  const encoded = strings.map(cString);
  const text = Buffer.concat(encoded);
  const pointers = Buffer.alloc((strings.length + 1) * 8);
  keep.push(text);
  let address = addressOf(text);
  encoded.forEach(({length}, index) => {
    pointers.writeBigUInt64LE(address, index * 8);
    address += BigInt(length);
  });
  return pointers;
};

/** `struct sock_fprog` of a filter: length in instructions, address. */
export const filterProgram = (bytes: number, address: bigint): Buffer => {
  const program = Buffer.alloc(16);
  program.writeUInt16LE(bytes / 8, 0);
  program.writeBigUInt64LE(address, 8);
  return program;
};

/**
 * Allocates what replacing this process takes. The function returned takes the path of the program, absolute or relative to the working
 * directory, and sets the rlimits, loads the filters and becomes the program with nothing in between; it can only throw.
 * @throws RKT_EXEC_ARGUMENTS_TOO_LARGE; RKT_EXEC_FAILED, unless a filter kills even that
 */
export const prepareExec = ({argv, env, rlimits, filters}: Execution): ((path: string) => never) => {
  assertArgumentsFit({argv, env, rlimits});
  const name = Buffer.alloc(MAX_PATH);
  const keep: Buffer[] = [name, ...filters];
  const variables = env.map((variable) => `${variable.name}=${variable.value}`);
  const calls: CallInRow[] = [
    ...rlimits.map(
      (limit): CallInRow => ({
        name: 'prlimit64',
        args: [0n, BigInt(rlimitNumber(limit.name)), encodeRlimit(limit), 0n],
      }),
    ),
    ...filters.map(
      (filter): CallInRow => ({
        name: 'seccomp',
        args: [SECCOMP_SET_MODE_FILTER, 0n, filterProgram(filter.length, addressOf(filter))],
      }),
    ),
    {name: 'execve', args: [name, pointerArray(argv, keep), pointerArray(variables, keep)]},
  ];
  const become = callsInARow(calls);
  return (path) => {
    const text = cString(path);
    if (text.length > MAX_PATH) throw execFailed(path, new Error('the path is too long'));
    text.copy(name);
    if (filters.length > 0) expectFilter();
    try {
      return become();
    } catch (error) {
      // Named here so that none of them can have been collected before.
      throw execFailed(path, keep.length > 0 ? error : undefined);
    }
  };
};
