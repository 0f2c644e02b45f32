import type {Result} from './result.ts';
import {skipReason} from './skipped-title.ts';
import {isExpectedSkip} from './skips.ts';

const SLOWEST = 10;

/** Lines that name what took longest. */
export const slowest = (timed: readonly {readonly title: string; readonly milliseconds: number}[]): string[] =>
  timed
    .toSorted((a, b) => b.milliseconds - a.milliseconds)
    .slice(0, SLOWEST)
    .map(({title, milliseconds}) => `${(milliseconds / 1000).toFixed(1).padStart(7)} s  ${title}`);

/** In CI a skip is a failure, unless it is expected: a package that could not be installed hides what it would have tested. */
export const judgeSkips = (results: readonly Result[], inCi: boolean): Result[] =>
  results.map((result) =>
    inCi && result.outcome === 'skipped' && !isExpectedSkip(result.title)
      ? {
          ...result,
          outcome: 'failed',
          title: skipReason(result.title).title,
          details: `  skipped, which is not expected in CI: ${skipReason(result.title).reason ?? 'no reason given'}`,
        }
      : result,
  );

const of = (results: readonly Result[], outcome: Result['outcome']) =>
  results.filter((result) => result.outcome === outcome);

/** All failures in full, then skips with their reasons, then one line that counts. */
export const report = (results: readonly Result[]): string[] => {
  const [passed, failed, skipped] = [of(results, 'passed'), of(results, 'failed'), of(results, 'skipped')];
  return [
    ...failed.flatMap(({title, details}) => ['', `FAILED ${title}`, details]),
    ...(skipped.length > 0 ? ['', 'Skipped:'] : []),
    ...skipped.map((result) => {
      const {title, reason} = skipReason(result.title);
      return `  ${title}: ${reason ?? 'no reason given'}`;
    }),
    ...['', 'Slowest tests:', ...slowest(results), ''],
    `${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`,
  ];
};
