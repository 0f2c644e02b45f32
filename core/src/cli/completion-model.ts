import type {Flag, Flags} from './command.ts';
import {commands} from './commands.ts';
import {type FittingKind, isFitting} from './fitting-pods.ts';
import {globalFlags} from './globals.ts';

/** What may stand where an argument is wanted. */
export type Completes = 'commands' | 'files' | 'flavors' | 'images' | 'nothing' | 'shells' | FittingKind;

export interface CompletionFlag {
  readonly name: string;
  readonly help: string;
  readonly takesValue: boolean;
  /** `--x` alone is complete, too. */
  readonly valueOptional: boolean;
  readonly choices: readonly string[];
  readonly completes: Completes;
}

export interface CompletionCommand {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly CompletionFlag[];
  readonly completes: Completes;
}

/** The shells that a script can be made for. */
export const SHELLS = ['bash', 'fish', 'zsh'] as const;

/** Everything a completion script knows, from the tables. */
export const completionModel = async (): Promise<{commands: CompletionCommand[]; global: CompletionFlag[]}> => {
  const visible = Object.entries(commands).filter(([, {hidden}]) => !hidden);
  return {
    global: flagsOf(globalFlags),
    commands: await Promise.all(
      visible.map(async ([name, {summary, load}]) => {
        const {command} = await load();
        return {
          name,
          summary,
          flags: flagsOf({...globalFlags, ...command.flags}),
          completes: FITTING_FOR[name] ?? completesOf(command.usage),
        };
      }),
    ),
  };
};

/** Commands for which not every pod will do. */
const FITTING_FOR: Readonly<Record<string, FittingKind>> = {
  enter: 'pods-running',
  export: 'pods-exited',
  rm: 'pods-idle',
  'run-prepared': 'pods-prepared',
  stop: 'pods-running',
};

/** What `rkt __complete` is asked for. */
export const isAsked = (kind: Completes): boolean => kind === 'flavors' || kind === 'images' || isFitting(kind);

const flagsOf = (flags: Flags): CompletionFlag[] =>
  Object.entries(flags)
    .filter(([, {hidden}]) => !hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, flag]) => ({
      name,
      help: flag.help,
      takesValue: flag.type !== 'boolean',
      valueOptional: flag.type === 'optional',
      choices: (flag.choices ?? flag.proposals ?? []).filter((choice) => choice !== ''),
      completes: wordFor(name, flag),
    }));

const wordFor = (name: string, {value = ''}: Flag): Completes => {
  if (name === 'stage1') return 'flavors';
  return /^(FILE|DIR|PATH)$/.test(value) ? 'files' : 'nothing';
};

/** By the first upper-case word of the usage, which says what is wanted. */
const completesOf = (usage: string): Completes => {
  const word = /\b[A-Z]{3,}\b/.exec(usage)?.[0] ?? '';
  return WORDS[word] ?? 'nothing';
};

const WORDS: Readonly<Record<string, Completes>> = {
  COMMAND: 'commands',
  DIR: 'files',
  FILE: 'files',
  FLAVOR: 'flavors',
  IMAGE: 'images',
  SHELL: 'shells',
  UUID: 'pods',
};
