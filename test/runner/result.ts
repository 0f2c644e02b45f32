export interface Result {
  /** Path of the test file below the top level; of what has none, the name of a group. */
  readonly file: string;
  /** The file's place and the test's own title. */
  readonly title: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly milliseconds: number;
  /** Why it failed, and what it logged. */
  readonly details: string;
}

/** What the process of ava tells the runner, a line each. */
export type Message =
  | {readonly kind: 'result'; readonly result: Result}
  | {readonly kind: 'started' | 'ended'; readonly file: string};
