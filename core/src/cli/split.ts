import type {Flag, Flags} from './command.ts';
import {commands} from './commands.ts';
import {type FoundCommand, findCommand} from './find-command.ts';
import {globalFlags} from './globals.ts';
import {isFlag, type ReadFlag, readFlag} from './read-flag.ts';

/** What was typed, divided at the command's name. */
export type Split =
  | {readonly help: string}
  | {
      readonly found: FoundCommand;
      /** Flags before the name. */
      readonly before: readonly string[];
      readonly after: readonly string[];
    };

/**
 * Finds the command among the flags before it; `rkt --help` and `rkt image --help` ask for help instead, and `rkt --version` is a command.
 * @throws as {@link readFlag} and {@link findCommand} do
 */
export const split = async (argv: readonly string[]): Promise<Split> => {
  const before: string[] = [];
  const words: string[] = [];
  let index = 0;
  let help = false;
  const nextWord = async (): Promise<string | undefined> => {
    for (;;) {
      const argument = argv[index];
      if (argument === undefined) return undefined;
      const isVersion = argument === '--version' && words.length === 0;
      if (isVersion || !isFlag(argument)) {
        index++;
        words.push(isVersion ? 'version' : argument);
        return words.at(-1);
      }
      const {name, value, next} = await readEarly(argv, index);
      help ||= name === 'help' && value === true;
      before.push(...argv.slice(index, next));
      index = next;
    }
  };
  try {
    const found = await findCommand(nextWord);
    return {found, before, after: argv.slice(index)};
  } catch (error) {
    if (help) return {help: words.join(' ')};
    throw error;
  }
};

/** A flag before the command: a global one, or one that means the same to every command that has it. */
const readEarly = async (argv: readonly string[], index: number): Promise<ReadFlag> => {
  try {
    return readFlag('', globalFlags, argv, index);
  } catch (error) {
    const [, name = '', equals] = /^--([^=]+)(=)?/.exec(argv[index] ?? '') ?? [];
    if (Object.hasOwn(globalFlags, name)) throw error;
    const flag = flagOfAll(await flagsCalled(name), equals !== undefined);
    if (flag === undefined) throw error;
    return readFlag('', {[name]: flag}, argv, index);
  }
};

const flagsCalled = async (name: string): Promise<Flag[]> => {
  const loaded = await Promise.all(Object.values(commands).map((entry) => entry.load()));
  return loaded.flatMap(({command: {flags}}: {command: {flags: Flags}}) => {
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    return flag === undefined ? [] : [flag];
  });
};

/** Where its value ends is all that matters here; the command itself judges it. */
const flagOfAll = (flags: readonly Flag[], hasValue: boolean): Flag | undefined => {
  const separate = new Set(flags.map(({type}) => type === 'string' || type === 'list'));
  const [takesNext] = separate;
  if (takesNext === undefined || (separate.size > 1 && !hasValue)) return undefined;
  const type = takesNext || hasValue ? 'string' : 'boolean';
  return {type, mayBeEmpty: true, help: 'of a command'};
};
