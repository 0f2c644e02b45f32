import {constants, readdirSync, readSync} from 'node:fs';
import {createRequire} from 'node:module';
import type {Fd} from './fd.ts';
import {addressOf, cString} from './libc.ts';
import {openHost} from './openat2.ts';
import {parseStat} from './process-identity.ts';
import {sleep} from './sleep.ts';
import {isErrno} from './syscall-error.ts';

const require = createRequire(import.meta.url);
/** Flags of V8 by which it compiles nothing a second time, in the background or not. */
const NO_COMPILING = '--no-opt --no-maglev --no-sparkplug';
/** `v8::V8::SetFlagsFromString(char const*, size_t)` */
const SET_FLAGS = '_ZN2v82V818SetFlagsFromStringEPKcm';

const ROUNDS = 100;
const PAUSE = 1;

const isAsleep = (stat: Fd): boolean => {
  const buffer = Buffer.alloc(512);
  try {
    return parseStat(buffer.toString('latin1', 0, readSync(stat.number, buffer, 0, buffer.length, 0))).state === 'S';
  } catch (error) {
    // It has ended.
    if (isErrno(error, 'ESRCH')) return true;
    throw error;
  }
};

// What node:v8 does, without the modules that it loads: they take longer than the launch.
const stopCompiling = (): void => {
  const {DynamicLibrary} = require('node:ffi') as typeof import('node:ffi');
  const program = new DynamicLibrary(null);
  const text = cString(NO_COMPILING);
  try {
    const setFlags = program.getFunction(SET_FLAGS, {return: 'void', arguments: ['u64', 'u64']});
    setFlags(addressOf(text), BigInt(text.length - 1));
  } catch {
    const {setFlagsFromString} = require('node:v8') as typeof import('node:v8');
    for (const flag of NO_COMPILING.split(' ')) setFlagsFromString(flag);
  }
};

/**
 * Prepares to keep V8's other threads from meddling with the last calls of this one: a lock of the C library that one of them waits for is a
 * futex call of ours, which a filter may not allow. From here on nothing is compiled in the background any more; the function returned waits
 * until what had begun is over and every other thread sleeps, at most a tenth of a second. Needs /proc.
 */
export const quietThreads = (): (() => void) => {
  stopCompiling();
  const stats = readdirSync('/proc/self/task')
    .filter((thread) => Number(thread) !== process.pid)
    .map((thread) => openHost(`/proc/self/task/${thread}/stat`, constants.O_RDONLY));
  return () => {
    for (let round = 0, quiet = 0; round < ROUNDS && quiet < 2; round++) {
      quiet = stats.every(isAsleep) ? quiet + 1 : 0;
      if (quiet === 0) sleep(PAUSE);
    }
  };
};
