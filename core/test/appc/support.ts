import {readFileSync} from 'node:fs';
import type {ExecutionContext} from 'ava';
import {RktError} from '../../src/rkt-error.ts';

export const sample = (name: string): Buffer => readFileSync(new URL(`samples/${name}`, import.meta.url));
export const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** The error that `run` ends with; the test fails when it has another code or is none. */
export const refused = (t: ExecutionContext, code: string, run: () => unknown, about?: string): RktError['fields'] => {
  const error = t.throws(run, {instanceOf: RktError, any: true}, about) as RktError | undefined;
  t.is(error?.code, code as RktError['code'], about);
  return error?.fields ?? {};
};

/** The same for a promise. */
export const refusedLater = async (
  t: ExecutionContext,
  code: string,
  run: () => Promise<unknown>,
): Promise<RktError['fields']> => {
  const error: RktError | undefined = await t.throwsAsync(run, {instanceOf: RktError});
  t.is(error?.code, code as RktError['code']);
  return error?.fields ?? {};
};

/** A reproducible stream of numbers from 0 up to, not including, 1. */
export const randomNumbers = (seed: number) => () => {
  seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
  return seed / 2 ** 32;
};
