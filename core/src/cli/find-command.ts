import {suggest} from '../suggest.ts';
import {commands, type Entry} from './commands.ts';
import {commandAmbiguous, commandMissing, commandUnknown} from './errors.ts';
import {commandHabit} from './habits.ts';

export interface FoundCommand {
  readonly name: string;
  readonly entry: Entry;
}

/**
 * Finds a command by its words: exactly, or each word by a prefix that fits one command. Hidden commands are found by their full name.
 * @param next gives the following word, `undefined` at the end; called a second time only for a group such as `image`
 * @throws RKT_COMMAND_AMBIGUOUS, RKT_COMMAND_MISSING, RKT_COMMAND_UNKNOWN
 */
export const findCommand = async (
  next: () => string | undefined | Promise<string | undefined>,
): Promise<FoundCommand> => {
  let prefix = '';
  for (;;) {
    const word = await next();
    if (word === undefined) throw commandMissing(prefix.trim(), visibleWords(prefix));
    prefix += complete(prefix, word);
    const entry = Object.hasOwn(commands, prefix) ? commands[prefix] : undefined;
    if (entry !== undefined) return {name: prefix, entry};
    prefix += ' ';
  }
};

const complete = (prefix: string, word: string): string => {
  if (words(prefix, Object.keys(commands)).includes(word)) return word;
  const visible = visibleWords(prefix);
  const [first, ...others] = word === '' ? [] : visible.filter((candidate) => candidate.startsWith(word));
  if (first === undefined) {
    throw commandUnknown(
      prefix + word,
      suggest(word, visible).map((near) => `"rkt ${prefix}${near}"`),
      commandHabit(prefix + word),
    );
  }
  if (others.length > 0)
    throw commandAmbiguous(
      prefix + word,
      [first, ...others].map((candidate) => prefix + candidate),
    );
  return first;
};

const visibleWords = (prefix: string): string[] =>
  words(
    prefix,
    Object.entries(commands).flatMap(([name, {hidden}]) => (hidden ? [] : [name])),
  );

/** The words that may follow `prefix`. */
const words = (prefix: string, names: readonly string[]): string[] => [
  ...new Set(
    names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length).split(' ')[0] ?? ''),
  ),
];
