import type * as z from 'zod/mini';
import {firstFault} from '../../appc/fault.ts';
import {flagValueInvalid} from '../errors.ts';

/** What was typed, for an error about it. */
export interface Typed {
  readonly flag: string;
  readonly value: string;
  /** A value that would do, for the hint. */
  readonly example: string;
}

/** The error that a typed value is wrong. */
export const wrong = ({flag, value, example}: Typed, because: string) =>
  flagValueInvalid(flag, value, because, `for example --${flag}=${example}`);

/** Checks a part of a flag's value by appc's schema of it. @throws RKT_FLAG_VALUE_INVALID */
export const checked = <T extends z.ZodMiniType>(schema: T, input: unknown, typed: Typed): z.infer<T> => {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const {path, value, expected} = firstFault(result.error, input);
  const where = path === '$' ? '' : `${path}: ${value === undefined ? '' : `${value}: `}`;
  throw wrong(typed, `${where}expected ${expected}`);
};
