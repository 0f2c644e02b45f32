import type {Settings} from '../settings.ts';

/** What every command gets: the global flags after configuration. */
export interface Context extends Settings {
  /** `--format`, which every command has. */
  readonly format: Format;
  readonly output: Output;
}

export const FORMATS = ['text', 'json', 'json-pretty', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];

/** Used on a terminal only. */
export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow';

/** Everything a person or a program reads on standard output. Untrusted strings are escaped on a terminal (S26), never in JSON. */
export interface Output {
  /** One line of text. Control characters are escaped, a line feed too: split before. */
  line(text?: string, style?: Style): void;
  /** Aligned columns; `header` is left out with `--no-legend`. */
  table(header: readonly string[] | undefined, rows: readonly (readonly string[])[]): void;
  /** A value in the format asked for: JSON (one line or pretty) or YAML. */
  value(value: unknown, format: Exclude<Format, 'text'>): void;
  /**
   * Bytes on standard output or standard error as they are, because they are an app's own output. Returns whether anybody still reads there.
   */
  raw(stream: 'stdout' | 'stderr', bytes: string | Uint8Array): boolean;
  /** A line on standard error that is not an error: progress, warnings. */
  note(text: string): void;
}
