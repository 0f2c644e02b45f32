import path from 'node:path';
import {stripVTControlCharacters} from 'node:util';
import type {Message, Result} from './result.ts';

interface AvaError {
  readonly name?: string;
  readonly message?: string;
  readonly stack?: string;
  readonly formattedError?: string;
  readonly formattedDetails?: readonly {readonly label: string; readonly formatted: string}[];
}

/** What ava tells of a run, as far as it matters here. */
export interface AvaEvent {
  readonly type: string;
  readonly testFile?: string;
  readonly title?: string;
  readonly duration?: number;
  readonly logs?: readonly string[];
  readonly err?: AvaError;
  readonly skip?: boolean;
  readonly todo?: boolean;
  readonly signal?: string;
  readonly nonZeroExitCode?: number;
  readonly forcedExit?: boolean;
  readonly period?: number;
  /** By test file. */
  readonly pendingTests?: ReadonlyMap<string, ReadonlySet<string>>;
  readonly stats?: {
    readonly byFile: ReadonlyMap<string, {readonly declaredTests: number; readonly remainingTests: number}>;
  };
}

const indent = (text: string) => text.replaceAll(/^/gm, '  ');

const describe = ({name, message, stack, formattedError, formattedDetails = []}: AvaError): string =>
  [
    formattedError ?? `${name}: ${message}`,
    ...formattedDetails.map(({label, formatted}) => `${label}\n${formatted}`),
    ...(stack === undefined ? [] : [stack]),
  ]
    .map(stripVTControlCharacters)
    .join('\n');

/**
 * Reads ava's events one by one. A test marked as to do counts as failed, and so does a file that ends before all its tests have.
 * @param root what paths of test files are below
 */
export const eventReader = (root: string): ((event: AvaEvent) => Message[]) => {
  let byFile: NonNullable<AvaEvent['stats']>['byFile'] = new Map();
  const seen = new Set<string>();
  const pathOf = (file: string) => path.relative(root, file);

  const result = (
    testFile: string | undefined,
    title: string,
    outcome: Result['outcome'],
    event: AvaEvent,
    why?: string,
  ): Message => {
    const file = testFile === undefined ? '' : pathOf(testFile);
    const place = file
      .replace(/^test\//, '')
      .replace(/\.test\.ts$/, '')
      .split('/');
    const logs = (event.logs ?? []).map((log) => indent(stripVTControlCharacters(log)));
    const error = why ?? (event.err === undefined ? undefined : describe(event.err));
    return {
      kind: 'result',
      result: {
        file,
        title: [...place, title].filter(Boolean).join(' › '),
        outcome,
        milliseconds: Math.round(event.duration ?? 0),
        details: [...logs, ...(error === undefined ? [] : [indent(error)])].join('\n'),
      },
    };
  };
  const pending = (event: AvaEvent, why: string): Message[] =>
    [...(event.pendingTests ?? [])].flatMap(([file, titles]) =>
      [...titles].map((title) => result(file, title, 'failed', event, why)),
    );

  return (event) => {
    const {type, testFile, title = type} = event;
    switch (type) {
      case 'stats':
        byFile = event.stats?.byFile ?? byFile;
        return [];
      case 'declared-test':
        return started(testFile);
      case 'selected-test':
        if (event.skip) return [result(testFile, title, 'skipped', event)];
        return event.todo ? [result(testFile, title, 'failed', event, 'to do')] : [];
      case 'test-passed':
        return [result(testFile, title, 'passed', event)];
      case 'test-failed':
      case 'hook-failed':
      case 'internal-error':
      case 'missing-ava-import':
      case 'uncaught-exception':
      case 'unhandled-rejection':
        return [result(testFile, title, 'failed', event)];
      case 'timeout':
        return pending(event, `no test has ended for ${event.period} ms`);
      case 'process-exit':
        return pending(event, 'process.exit() was called');
      case 'worker-failed': {
        const why = `the process of the file ended with ${event.signal ?? `exit code ${event.nonZeroExitCode}`}`;
        return [result(testFile, type, 'failed', event, why), ...ended(testFile)];
      }
      case 'worker-finished': {
        const stats = testFile === undefined ? undefined : byFile.get(testFile);
        const left =
          stats?.declaredTests === 0 ? 'the file has no tests' : `${stats?.remainingTests} tests have not ended`;
        const whole =
          event.forcedExit || (stats !== undefined && stats.declaredTests > 0 && stats.remainingTests === 0);
        return [...(whole ? [] : [result(testFile, type, 'failed', event, left)]), ...ended(testFile)];
      }
      default:
        return [];
    }
  };

  function started(testFile: string | undefined): Message[] {
    if (testFile === undefined || seen.has(testFile)) return [];
    seen.add(testFile);
    return [{kind: 'started', file: pathOf(testFile)}];
  }

  function ended(testFile: string | undefined): Message[] {
    return testFile === undefined ? [] : [{kind: 'ended', file: pathOf(testFile)}];
  }
};
