import {createRequire} from 'node:module';
import type {Process} from '../contract/process.ts';
import {execFailed} from './errors.ts';
import {addressOf, cString, SYS} from './libc.ts';
import {quietThreads} from './quiet-threads.ts';
import {encodeRlimit, rlimitNumber} from './rlimits.ts';
import {SyscallError} from './syscall-error.ts';

/** linux/seccomp.h */
const SECCOMP_SET_MODE_FILTER = 1n;
const NO_SUCH_OPERATION = 99n;

const require = createRequire(import.meta.url);

export interface Execution {
  readonly argv: readonly string[];
  readonly env: Process['env'];
  /** Set just before, because Node itself may not be able to go on under them. */
  readonly rlimits: Process['rlimits'];
  /** `struct sock_filter[]` */
  readonly filter: Buffer | null;
}

/** A call with everything it takes: number and four words. */
type Call = readonly [number: bigint, bigint, bigint, bigint, bigint];

/** `char *[]` with its null pointer at the end. The strings are one buffer that `keep` holds on to. */
const pointerArray = (strings: readonly string[], keep: Buffer[]): bigint => {
  const encoded = strings.map(cString);
  const text = Buffer.concat(encoded);
  const pointers = Buffer.alloc((strings.length + 1) * 8);
  keep.push(text, pointers);
  let address = addressOf(text);
  encoded.forEach(({length}, index) => {
    pointers.writeBigUInt64LE(address, index * 8);
    address += BigInt(length);
  });
  return addressOf(pointers);
};

/** `struct sock_fprog`: length in instructions, address. */
const filterProgram = (filter: Buffer, keep: Buffer[]): bigint => {
  const program = Buffer.alloc(16);
  program.writeUInt16LE(filter.length / 8, 0);
  program.writeBigUInt64LE(addressOf(filter), 8);
  keep.push(program, filter);
  return addressOf(program);
};

/*
 * The filter may allow nothing but execve, and it is in force for everything this thread does after seccomp returns. So between the two calls
 * there is no allocation that could start a garbage collection, no loop and no function that could be compiled: the arguments
 * exist already, results are small integers, the same path has been walked before, and the other threads sleep. A function of node:ffi with up to six
 * numeric arguments has no array of arguments and no conversions.
 */
type RawCall = (number: bigint, a: bigint, b: bigint, c: bigint, d: bigint) => number;

const filterAndExec = (call: RawCall, filtered: boolean, filter: Call, exec: Call): void => {
  if (filtered && call(filter[0], filter[1], filter[2], filter[3], filter[4]) !== 0) return;
  call(exec[0], exec[1], exec[2], exec[3], exec[4]);
};

/**
 * Allocates what replacing this process takes, and walks through it once. The function returned takes the path of the program, absolute or relative
 * to the working directory, sets the rlimits, loads the filter and becomes the program: it returns only by throwing. It opens no file. Needs /proc, the function returned does not.
 * @throws RKT_EXEC_FAILED
 */
export const prepareExec = ({argv, env, rlimits, filter}: Execution): ((path: string) => never) => {
  const {DynamicLibrary, getInt32} = require('node:ffi') as typeof import('node:ffi');
  const library = new DynamicLibrary('libc.so.6');
  const call: RawCall = library.getFunction('syscall', {return: 'i32', arguments: ['i64', 'i64', 'i64', 'i64', 'i64']});
  const errnoAddress = library.getFunction('__errno_location', {return: 'pointer', arguments: []})();

  const keep: Buffer[] = [];
  const limits = rlimits.map((limit): Call => {
    const buffer = encodeRlimit(limit);
    keep.push(buffer);
    return [BigInt(SYS.prlimit64), 0n, BigInt(rlimitNumber(limit.name)), addressOf(buffer), 0n];
  });
  const program = filter === null ? 0n : filterProgram(filter, keep);
  const load: Call = [BigInt(SYS.seccomp), SECCOMP_SET_MODE_FILTER, 0n, program, 0n];
  const argvAddress = pointerArray(argv, keep);
  const variables = env.map(({name, value}) => `${name}=${value}`);
  const envAddress = pointerArray(variables, keep);
  const quieten = filter === null ? undefined : quietThreads();
  for (let round = 0; round < 3; round++) {
    filterAndExec(call, true, [BigInt(SYS.seccomp), NO_SUCH_OPERATION, 0n, 0n, 0n], load);
    filterAndExec(call, false, load, [BigInt(SYS.execve), 0n, 0n, 0n, 0n]);
  }
  return (path) => {
    const name = cString(path);
    const become: Call = [BigInt(SYS.execve), addressOf(name), argvAddress, envAddress, 0n];
    quieten?.();
    for (const limit of limits) {
      if (call(limit[0], limit[1], limit[2], limit[3], limit[4]) !== 0) {
        throw execFailed(path, new SyscallError('prlimit64', getInt32(errnoAddress, 0)));
      }
    }
    filterAndExec(call, filter !== null, load, become);
    const errno = getInt32(errnoAddress, 0);
    // Named here so that none of them can have been collected before.
    keep.push(name);
    throw execFailed(path, new SyscallError('execve', errno, path));
  };
};
