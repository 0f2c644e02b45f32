import type {Flags, FlagValues} from './command.ts';

/** What was given for each flag, in order. */
export type Given = Map<string, (string | boolean)[]>;

export const give = (given: Given, name: string, value: string | boolean): void => {
  const values = given.get(name);
  if (values === undefined) given.set(name, [value]);
  else values.push(value);
};

/** One typed value for each flag of a table: all of a list, else the last one given, else the default. */
export const valuesOf = <F extends Flags>(flags: F, given: Given): FlagValues<F> => {
  const values: Record<string, unknown> = Object.create(null);
  for (const [name, flag] of Object.entries(flags)) {
    const all = given.get(name) ?? [];
    if (flag.type === 'list') values[name] = all;
    else values[name] = all.at(-1) ?? flag.default ?? (flag.type === 'boolean' ? false : undefined);
  }
  // One value of the flag's type for each key of F.
  return values as FlagValues<F>;
};
