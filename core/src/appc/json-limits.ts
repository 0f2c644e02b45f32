/** What untrusted JSON may be at most (S10). */
export interface JsonLimits {
  readonly bytes: number;
  /** Arrays and objects inside one another. */
  readonly depth: number;
  /** Keys and values, of all arrays and objects together. */
  readonly entries: number;
}

/** An image manifest with a path whitelist of thousands fits; a bomb does not. */
export const MANIFEST_LIMITS: JsonLimits = {bytes: 1024 * 1024, depth: 32, entries: 65_536};

export interface JsonFault {
  /** Of the offending value: `apps[0].name`, or `$`. */
  readonly path: string;
  readonly reason: string;
  readonly kind:
    | 'depth'
    | 'duplicate-key'
    | 'entries'
    | 'forbidden-key'
    | 'number'
    | 'size'
    | 'syntax'
    | 'text'
    | 'utf-8';
  /** The limit that was exceeded. */
  readonly limit?: number;
}
