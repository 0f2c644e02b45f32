import type {Process} from '../contract/process.ts';
import {type CallInRow, callsInARow} from './calls-in-a-row.ts';
import {execFailed} from './errors.ts';
import {addressOf, cString} from './libc.ts';
import {encodeRlimit, rlimitNumber} from './rlimits.ts';

/** linux/seccomp.h */
const SECCOMP_SET_MODE_FILTER = 1n;
/** PATH_MAX */
const MAX_PATH = 4096;

export interface Execution {
  readonly argv: readonly string[];
  readonly env: Process['env'];
  /** Set just before, because Node itself may not be able to go on under them. */
  readonly rlimits: Process['rlimits'];
  /** `struct sock_filter[]` */
  readonly filter: Buffer | null;
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

/** `struct sock_fprog`: length in instructions, address. */
const filterProgram = (filter: Buffer): Buffer => {
  const program = Buffer.alloc(16);
  program.writeUInt16LE(filter.length / 8, 0);
  program.writeBigUInt64LE(addressOf(filter), 8);
  return program;
};

/**
 * Allocates what replacing this process takes. The function returned takes the path of the program, absolute or relative to the working
 * directory, and sets the rlimits, loads the filter and becomes the program with nothing in between; it can only throw.
 * @throws RKT_EXEC_FAILED, unless the filter kills even that
 */
export const prepareExec = ({argv, env, rlimits, filter}: Execution): ((path: string) => never) => {
  const name = Buffer.alloc(MAX_PATH);
  const keep: Buffer[] = [name, ...(filter === null ? [] : [filter])];
  const variables = env.map((variable) => `${variable.name}=${variable.value}`);
  const calls: CallInRow[] = [
    ...rlimits.map(
      (limit): CallInRow => ({
        name: 'prlimit64',
        args: [0n, BigInt(rlimitNumber(limit.name)), encodeRlimit(limit), 0n],
      }),
    ),
    ...(filter === null
      ? []
      : [{name: 'seccomp', args: [SECCOMP_SET_MODE_FILTER, 0n, filterProgram(filter)]} as const]),
    {name: 'execve', args: [name, pointerArray(argv, keep), pointerArray(variables, keep)]},
  ];
  const become = callsInARow(calls);
  return (path) => {
    const text = cString(path);
    if (text.length > MAX_PATH) throw execFailed(path, new Error('the path is too long'));
    text.copy(name);
    try {
      return become();
    } catch (error) {
      // Named here so that none of them can have been collected before.
      throw execFailed(path, keep.length > 0 ? error : undefined);
    }
  };
};
