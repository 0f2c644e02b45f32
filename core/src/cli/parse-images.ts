import type {Flags, ImageGroup} from './command.ts';
import {appArgumentsMisplaced, argumentEmpty} from './errors.ts';
import {isFlag, readFlag} from './read-flag.ts';
import {type Given, give} from './values.ts';

const forTheApp = (command: string, argument: string): string =>
  `what the app is to get follows "--": rkt ${command} IMAGE --exec=PROGRAM -- ${argument}`;

export interface Images {
  readonly images: readonly ImageGroup[];
  /** Flags among the images that belong to the command. */
  readonly others: readonly {readonly name: string; readonly value: string | boolean}[];
}

/**
 * The image grammar: `IMAGE [flags] [-- args… [---]] IMAGE2 …`. A `---` elsewhere separates nothing and is allowed, as in rkt.
 * @throws RKT_APP_ARGUMENTS_MISPLACED, RKT_ARGUMENT_EMPTY, RKT_FLAG_…
 */
export const parseImages = (command: string, flags: Flags, argv: readonly string[]): Images => {
  const images: {image: string; given: Given; args: string[] | undefined}[] = [];
  const others: {name: string; value: string | boolean}[] = [];
  let index = 0;
  while (index < argv.length) {
    const argument = argv[index] ?? '';
    const last = images.at(-1);
    if (argument === '--') {
      if (last === undefined) throw appArgumentsMisplaced(command, 'an image must come first');
      if (last.args !== undefined) throw appArgumentsMisplaced(command, 'one set of arguments for each image');
      const end = argv.indexOf('---', index);
      last.args = argv.slice(index + 1, end === -1 ? undefined : end);
      index = end === -1 ? argv.length : end + 1;
    } else if (argument === '---') {
      index++;
    } else if (isFlag(argument)) {
      const otherwise = last === undefined ? undefined : forTheApp(command, argument);
      const {name, value, next} = readFlag(command, flags, argv, index, otherwise);
      if (flags[name]?.perImage && last !== undefined) give(last.given, name, value);
      else others.push({name, value});
      index = next;
    } else {
      if (argument === '') throw argumentEmpty(command);
      images.push({image: argument, given: new Map(), args: undefined});
      index++;
    }
  }
  return {images: images.map((group) => ({...group, args: group.args ?? []})), others};
};
