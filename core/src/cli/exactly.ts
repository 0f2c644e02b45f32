import {argumentMissing, argumentUnexpected} from './errors.ts';

/** Exactly these arguments. @throws RKT_ARGUMENT_MISSING, RKT_ARGUMENT_UNEXPECTED */
export const exactly = <const N extends readonly string[]>(
  command: string,
  names: N,
  positionals: readonly string[],
): {[K in keyof N]: string} => {
  const missing = names[positionals.length];
  if (missing !== undefined) throw argumentMissing(command, missing);
  const extra = positionals[names.length];
  if (extra !== undefined) throw argumentUnexpected(command, extra);
  return [...positionals] as unknown as {[K in keyof N]: string}; // as many as names, checked above
};
