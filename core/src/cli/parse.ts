import type {Arguments, Flags} from './command.ts';
import {parseImages} from './parse-images.ts';
import {isFlag, readFlag} from './read-flag.ts';
import {type Given, give, valuesOf} from './values.ts';

/**
 * Parses what follows a command's name.
 * @throws RKT_FLAG_… of {@link readFlag}, those of {@link parseImages}
 */
export const parse = <F extends Flags>(
  command: {readonly name: string; readonly imageGrammar?: boolean},
  flags: F,
  argv: readonly string[],
): Arguments<F> => {
  const given: Given = new Map();
  const words: string[] = [];
  let index = 0;
  while (index < argv.length) {
    const argument = argv[index] ?? '';
    if (argument === '--' || (command.imageGrammar && !isFlag(argument))) break;
    if (isFlag(argument)) {
      const {name, value, next} = readFlag(command.name, flags, argv, index);
      give(given, name, value);
      index = next;
    } else {
      words.push(argument);
      index++;
    }
  }
  const remaining = argv.slice(index);
  if (command.imageGrammar && Object.values(flags).some(({perImage}) => perImage)) {
    const {images, others} = parseImages(command.name, flags, remaining);
    for (const {name, value} of others) give(given, name, value);
    return {flags: valuesOf(flags, given), positionals: images.map(({image}) => image), images};
  }
  const rest = remaining[0] === '--' ? remaining.slice(1) : remaining;
  return {flags: valuesOf(flags, given), positionals: [...words, ...rest], images: []};
};
