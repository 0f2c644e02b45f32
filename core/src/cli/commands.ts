import type {Command} from './command.ts';

/** How `rkt help` groups the commands, in this order. */
export const GROUPS = {
  pod: 'Pods',
  image: 'Images',
  flavor: 'Flavors',
  other: 'Other',
} as const;

export interface Entry {
  readonly group: keyof typeof GROUPS;
  readonly summary: string;
  readonly hidden?: boolean;
  readonly load: () => Promise<{command: Command}>;
}

/** Every command by name. Summaries stand here so that `rkt help` loads none of them; a test compares the two. */
export const commands: Readonly<Record<string, Entry>> = {
  'flavor list': {
    group: 'flavor',
    summary: 'List the installed flavors',
    load: () => import('./commands/flavor-list.ts'),
  },
  'flavor show': {
    group: 'flavor',
    summary: 'Show what a flavor enforces, and how',
    load: () => import('./commands/flavor-show.ts'),
  },
  completion: {
    group: 'other',
    summary: 'Print a completion script for a shell',
    load: () => import('./commands/completion.ts'),
  },
  config: {
    group: 'other',
    summary: 'Print the merged configuration',
    load: () => import('./commands/config.ts'),
  },
  help: {
    group: 'other',
    summary: 'Show help for rkt or for one command',
    load: () => import('./commands/help.ts'),
  },
  version: {
    group: 'other',
    summary: 'Print the version and exit',
    load: () => import('./commands/version.ts'),
  },
  __complete: {
    group: 'other',
    summary: 'Print what may stand in a place, for completion scripts',
    hidden: true,
    load: () => import('./commands/complete.ts'),
  },
};
