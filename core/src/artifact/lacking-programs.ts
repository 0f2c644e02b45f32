import type {Declaration} from '../contract/declaration.ts';
import {isProgram} from '../linux/programs.ts';

/** Programs that this host lacks for an image of its own that a flavor wants, by their paths. */
export const lackingPrograms = ({
  programs = [],
  machine,
}: Pick<NonNullable<Declaration['stage1Image']>, 'programs' | 'machine'>): string[] =>
  [...programs, ...(machine?.programs ?? [])].filter((path) => !isProgram(path));
