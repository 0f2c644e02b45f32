import type {Command} from './command.ts';

interface Entry {
  readonly summary: string;
  readonly hidden?: boolean;
  readonly load: () => Promise<{command: Command}>;
}

/** Every command by name. Summaries stand here so that `rkt help` loads none of them; a test compares the two. */
export const commands: Readonly<Record<string, Entry>> = {};
