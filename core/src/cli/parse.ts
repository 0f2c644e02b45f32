import type {Arguments, Flags} from './command.ts';
import {appArgumentsMisplaced, argumentEmpty} from './errors.ts';
import {isFlag, readFlag} from './read-flag.ts';
import {type Given, give, valuesOf} from './values.ts';

interface Parsed<F extends Flags> extends Arguments<F> {
  /** Names of the flags that were given. */
  readonly given: ReadonlySet<string>;
}

/**
 * Parses what follows a command's name.
 * @throws RKT_FLAG_… of {@link readFlag}
 */
export const parse = <F extends Flags>(
  command: {readonly name: string; readonly imageGrammar?: boolean},
  flags: F,
  argv: readonly string[],
): Parsed<F> => {
  const given: Given = new Map();
  const positionals: string[] = [];
  let index = 0;
  while (index < argv.length) {
    const argument = argv[index] ?? '';
    if (argument === '--') {
      if (command.imageGrammar) break;
      positionals.push(...argv.slice(index + 1));
      break;
    }
    if (isFlag(argument)) {
      const {name, value, next} = readFlag(command.name, flags, argv, index);
      give(given, name, value);
      index = next;
    } else {
      if (command.imageGrammar) break;
      positionals.push(argument);
      index++;
    }
  }
  const rest = command.imageGrammar ? argv.slice(index) : [];
  if (command.imageGrammar) positionals.push(...takeRest(command.name, flags, rest, given));
  return {flags: valuesOf(flags, given), positionals, rest, given: new Set(given.keys())};
};

/** Takes the flags that are not of an image out of the image grammar, and returns the positionals. */
const takeRest = (command: string, flags: Flags, rest: readonly string[], given: Given): readonly string[] => {
  if (!Object.values(flags).some(({perImage}) => perImage)) return rest[0] === '--' ? rest.slice(1) : rest;
  const images = parseImages(command, flags, rest);
  for (const {name, value} of images.flags) give(given, name, value);
  return images.groups.map(({image}) => image);
};

/** One image with what belongs to it. */
export interface ImageGroup {
  readonly image: string;
  readonly given: ReadonlyMap<string, readonly (string | boolean)[]>;
  readonly args: readonly string[];
}

export interface Images {
  readonly groups: readonly ImageGroup[];
  /** Flags found among the images that belong to the pod. */
  readonly flags: readonly {readonly name: string; readonly value: string | boolean}[];
}

/**
 * The image grammar: `IMAGE [flags] [-- args… [---]] IMAGE2 …`. A `---` elsewhere separates nothing and is allowed, as in rkt.
 * @throws RKT_APP_ARGUMENTS_MISPLACED, RKT_ARGUMENT_EMPTY and those of {@link readFlag}
 */
export const parseImages = (command: string, flags: Flags, rest: readonly string[]): Images => {
  const groups: {image: string; given: Given; args: string[] | undefined}[] = [];
  const others: {name: string; value: string | boolean}[] = [];
  let index = 0;
  while (index < rest.length) {
    const argument = rest[index] ?? '';
    const last = groups.at(-1);
    if (argument === '--') {
      if (last === undefined) throw appArgumentsMisplaced(command, 'an image must come first');
      if (last.args !== undefined) throw appArgumentsMisplaced(command, 'one set of arguments for each image');
      const end = rest.indexOf('---', index);
      last.args = rest.slice(index + 1, end === -1 ? undefined : end);
      index = end === -1 ? rest.length : end + 1;
    } else if (argument === '---') {
      index++;
    } else if (isFlag(argument)) {
      const {name, value, next} = readFlag(command, flags, rest, index);
      if (flags[name]?.perImage && last !== undefined) give(last.given, name, value);
      else others.push({name, value});
      index = next;
    } else {
      if (argument === '') throw argumentEmpty(command);
      groups.push({image: argument, given: new Map(), args: undefined});
      index++;
    }
  }
  return {groups: groups.map((group) => ({...group, args: group.args ?? []})), flags: others};
};
