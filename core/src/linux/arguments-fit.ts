import type {Process} from '../contract/process.ts';
import {execArgumentsTooLarge} from './errors.ts';
import {getRlimit} from './rlimits.ts';

/** linux/binfmts.h, with its null byte; it is more where pages are larger. */
const MAX_STRING = 32 * 4096;
/** linux/limits.h, and three quarters of the stack that a program is given by default (fs/exec.c). */
const LEAST = 128 * 1024;
const MOST = 6 * 1024 * 1024;
/** For the path of the program and what interprets it, and for variables of passed sockets. */
const RESERVE = 8192;
const POINTER = 8;

/**
 * Arguments and variables are what execve(2) takes: each string by itself, and all of them in a quarter of the stack. Later it would be E2BIG, from whoever starts the program.
 * @param stack soft limit of a process that asks for none; `null` is none
 * @throws RKT_EXEC_ARGUMENTS_TOO_LARGE
 */
export const assertArgumentsFit = (
  {argv, env, rlimits}: {readonly argv: readonly string[]} & Pick<Process, 'env' | 'rlimits'>,
  stack: number | null = getRlimit('stack').soft,
): void => {
  const [program = ''] = argv;
  let total = RESERVE;
  const add = (what: string, bytes: number) => {
    if (bytes > MAX_STRING) throw execArgumentsTooLarge(program, what, bytes, MAX_STRING);
    total += bytes + POINTER;
  };
  argv.forEach((argument, index) => {
    add(`argument ${index}`, Buffer.byteLength(argument) + 1);
  });
  for (const {name, value} of env) add(`variable ${name}`, Buffer.byteLength(name) + Buffer.byteLength(value) + 2);
  const soft = rlimits.find(({name}) => name === 'stack')?.soft ?? stack;
  const limit = Math.max(LEAST, Math.min(MOST, (soft ?? Number.POSITIVE_INFINITY) / 4));
  if (total > limit) throw execArgumentsTooLarge(program, 'arguments and variables', total, limit);
};
