/** What rkt's `--format=json` errors look like. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Result {
  /** As a shell would see it: 128 + number for a signal. */
  readonly exitCode: number;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** The last error on standard error, in either form. */
  readonly error: ErrorReport | undefined;
}

const parseLine = (line: string): ErrorReport | undefined => {
  const code = /^code: (RKT_\w+)$/.exec(line)?.[1];
  if (code !== undefined) return {code, message: '', fields: {}};
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'code' in value ? (value as ErrorReport) : undefined;
  } catch {
    return undefined;
  }
};

/** Finds the error that rkt reported. */
export const errorOf = (stderr: string): ErrorReport | undefined =>
  stderr
    .split('\n')
    .map(parseLine)
    .findLast((error) => error !== undefined);
