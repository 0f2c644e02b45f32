/** Exit code of every error of rkt itself; the codes below it belong to the apps. */
export const EXIT_RKT = 254;

export interface RktErrorDetails {
  /** What the user can do about it, one imperative sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Default {@link EXIT_RKT}. */
  readonly exitCode?: number;
  /** The offending values, by name; tests assert these and the code, never the prose. */
  readonly [field: string]: unknown;
}

/** An error that a user can act on: a stable code, a sentence, the offending values and a hint. */
export class RktError extends Error {
  override readonly name = 'RktError';
  readonly code: `RKT_${string}`;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(code: `RKT_${string}`, message: string, details: RktErrorDetails = {}) {
    const {hint, cause, exitCode = EXIT_RKT, ...fields} = details;
    super(message, cause === undefined ? undefined : {cause});
    this.code = code;
    this.fields = fields;
    this.hint = hint;
    this.exitCode = exitCode;
  }
}
