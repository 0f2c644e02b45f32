import {suggest} from '../suggest.ts';
import type {Flag, Flags} from './command.ts';
import {
  flagBooleanInvalid,
  flagChoiceInvalid,
  flagTooEarly,
  flagUnknown,
  flagValueInvalid,
  flagValueMissing,
} from './errors.ts';
import {flagHabit} from './habits.ts';

/** One flag as typed. */
export interface ReadFlag {
  readonly name: string;
  readonly value: string | boolean;
  /** Index of the argument after it. */
  readonly next: number;
}

/** Whether an argument is written like a flag: `-` alone is a file name, `--` and `---` are separators. */
export const isFlag = (argument: string): boolean => argument.startsWith('-') && !/^-{1,3}$/.test(argument);

/**
 * Reads the flag at `index`: `--x`, `--x=V`, `--x V`, `-x`, `-x V`, `-xV`.
 * @param otherwise a hint for a flag that resembles none
 * @throws RKT_FLAG_UNKNOWN, RKT_FLAG_TOO_EARLY, RKT_FLAG_VALUE_MISSING, RKT_FLAG_VALUE_INVALID if it is empty, RKT_FLAG_BOOLEAN_INVALID, RKT_FLAG_CHOICE_INVALID
 */
export const readFlag = (
  command: string,
  flags: Flags,
  argv: readonly string[],
  index: number,
  otherwise?: string,
): ReadFlag => {
  const typed = argv[index] ?? '';
  const {name, inline} = split(command, flags, typed, otherwise);
  // `split` has found it.
  const flag = flags[name] as Flag;
  if (flag.elsewhere !== undefined) throw flagTooEarly(command, name, flag.elsewhere);
  if (flag.type === 'boolean') {
    const value = parseBoolean(inline ?? 'true');
    if (value === undefined) throw flagBooleanInvalid(command, name, inline ?? '');
    return {name, value, next: index + 1};
  }
  if (flag.type === 'optional' && inline === undefined) return {name, value: flag.implied ?? '', next: index + 1};
  const value = inline ?? argv[index + 1];
  if (value === undefined) throw flagValueMissing(command, name, flag.value ?? 'VALUE');
  if (value === '' && !flag.mayBeEmpty && !flag.choices?.includes('')) {
    throw flagValueInvalid(name, value, 'is empty', `write --${name}=${flag.value ?? 'VALUE'}, or leave it out`);
  }
  if (flag.choices !== undefined && !flag.choices.includes(value)) {
    throw flagChoiceInvalid(command, name, value, flag.choices);
  }
  return {name, value, next: index + (inline === undefined ? 2 : 1)};
};

const split = (
  command: string,
  flags: Flags,
  typed: string,
  otherwise: string | undefined,
): {name: string; inline: string | undefined} => {
  if (typed.startsWith('--')) {
    const equals = typed.indexOf('=');
    const name = typed.slice(2, equals === -1 ? undefined : equals);
    if (!Object.hasOwn(flags, name)) throw unknown(command, flags, name, otherwise);
    return {name, inline: equals === -1 ? undefined : typed.slice(equals + 1)};
  }
  const found = Object.entries(flags).find(([, {short}]) => short === typed[1]);
  if (found === undefined) throw flagUnknown(command, typed.slice(0, 2), [], flagHabit(typed, flags) ?? otherwise);
  const inline = typed.slice(2).replace(/^=/, '');
  return {name: found[0], inline: typed.length === 2 ? undefined : inline};
};

const unknown = (command: string, flags: Flags, name: string, otherwise: string | undefined) => {
  const visible = Object.entries(flags).flatMap(([known, {hidden}]) => (hidden ? [] : [known]));
  const near = suggest(name, visible).map((known) => `--${known}`);
  return flagUnknown(
    command,
    `--${name}`,
    near,
    flagHabit(`--${name}`, flags) ?? (near.length === 0 ? otherwise : undefined),
  );
};

const BOOLEANS: Readonly<Record<string, boolean>> = {
  ...{'1': true, t: true, T: true, true: true, TRUE: true, True: true},
  ...{'0': false, f: false, F: false, false: false, FALSE: false, False: false},
};

/** The spellings of Go's strconv.ParseBool, which rkt took; `undefined` for anything else. */
export const parseBoolean = (text: string): boolean | undefined =>
  Object.hasOwn(BOOLEANS, text) ? BOOLEANS[text] : undefined;
