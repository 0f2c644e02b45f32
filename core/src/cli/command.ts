import type {Context} from './context.ts';

/** One flag of a command. */
export interface Flag {
  readonly help: string;
  /**
   * `boolean`: `--x`, `--x=false`. `string`: `--x=V`, `--x V`. `list`: a string that may be repeated. `optional`: `--x` means `--x=IMPLIED`;
   * a value needs `=`.
   */
  readonly type: 'boolean' | 'string' | 'list' | 'optional';
  /** Placeholder of the value in help: `PATH`. */
  readonly value?: string;
  readonly default?: string | boolean;
  readonly implied?: string;
  readonly short?: string;
  readonly hidden?: boolean;
  /** It is another command's, and this says where it goes. */
  readonly elsewhere?: string;
  /** For completion and for one clear error. */
  readonly choices?: readonly string[];
  /** For completion alone: values that are worth proposing. */
  readonly proposals?: readonly string[];
  /** A value may be the empty string, which is mostly an unset variable of a script. */
  readonly mayBeEmpty?: boolean;
  /** Belongs to the image before it (`run`, `prepare`, `plan`, `fetch`). */
  readonly perImage?: boolean;
}
export type Flags = {readonly [name: string]: Flag};

type FlagValue<F extends Flag> = F['type'] extends 'boolean'
  ? boolean
  : F['type'] extends 'list'
    ? readonly string[]
    : string | undefined;
export type FlagValues<F extends Flags> = {readonly [K in keyof F]: FlagValue<F[K]>};

/** One image of the grammar `IMAGE [flags] [-- args… [---]] IMAGE2 …`. */
export interface ImageGroup {
  readonly image: string;
  /** Its `perImage` flags as typed, in order. */
  readonly given: ReadonlyMap<string, readonly (string | boolean)[]>;
  readonly args: readonly string[];
}

/** What the parser hands to a command. */
export interface Arguments<F extends Flags = Flags> {
  readonly flags: FlagValues<F>;
  readonly positionals: readonly string[];
  /** The images with what belongs to each, for commands with `imageGrammar`. */
  readonly images: readonly ImageGroup[];
}

export interface Command<F extends Flags = Flags> {
  /** As typed: `image list`. */
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  /** After `rkt NAME`: `UUID [CMD…]`. */
  readonly usage: string;
  /** Further paragraphs of help. */
  readonly description?: string;
  readonly flags: F;
  readonly examples: readonly {readonly command: string; readonly does: string}[];
  /**
   * Flags after the first positional belong to the image grammar (rkt's SetInterspersed(false)). Without any `perImage` flag, nothing
   * after the first positional is a flag of ours: `enter UUID ls -l`.
   */
  readonly imageGrammar?: boolean;
  /** Returns the exit code. Import what is heavy inside. */
  run(context: Context, args: Arguments<F>): Promise<number>;
}

export const defineCommand = <const F extends Flags>(command: Command<F>): Command<F> => command;
