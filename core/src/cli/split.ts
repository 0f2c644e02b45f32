import {type FoundCommand, findCommand} from './find-command.ts';
import {globalFlags} from './globals.ts';
import {isFlag, readFlag} from './read-flag.ts';

/** What was typed, divided at the command's name. */
export type Split =
  | {readonly help: string}
  | {
      readonly found: FoundCommand;
      /** Global flags before the name. */
      readonly before: readonly string[];
      readonly after: readonly string[];
    };

/** Finds the command among the global flags; `rkt --help` and `rkt image --help` ask for help instead. */
export const split = (argv: readonly string[]): Split => {
  const before: string[] = [];
  const words: string[] = [];
  let index = 0;
  let help = false;
  const nextWord = (): string | undefined => {
    for (;;) {
      const argument = argv[index];
      if (argument === undefined) return undefined;
      if (!isFlag(argument)) {
        index++;
        words.push(argument);
        return argument;
      }
      const {name, value, next} = readFlag('', globalFlags, argv, index);
      help ||= name === 'help' && value === true;
      before.push(...argv.slice(index, next));
      index = next;
    }
  };
  try {
    const found = findCommand(nextWord);
    return {found, before, after: argv.slice(index)};
  } catch (error) {
    if (help) return {help: words.join(' ')};
    throw error;
  }
};
