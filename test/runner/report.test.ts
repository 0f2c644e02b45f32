import test from 'ava';
import type {Group} from './groups.ts';
import {judgeSkips, report} from './report.ts';
import type {Result} from './result.ts';
import {secondChance} from './second-chance.ts';
import {skippedTitle, skipReason} from './skipped-title.ts';

const result = (file: string, title: string, outcome: Result['outcome']): Result => ({
  file,
  title,
  outcome,
  milliseconds: 1,
  details: `${title} once`,
});
const group: Group = {name: 'unit', files: ['a', 'b'], concurrency: 2};

test('the reason of a skipped test survives its title', (t) => {
  t.deepEqual(skipReason(skippedTitle('EX-57 memory', 'no cgroup/memory [v1]')), {
    title: 'EX-57 memory',
    reason: 'no cgroup/memory [v1]',
  });
  t.deepEqual(skipReason('EX-57 memory'), {title: 'EX-57 memory', reason: undefined});
});

test('only files with failures are run once more, and what passes then is unstable', async (t) => {
  const asked: Group[] = [];
  const first = [result('a', 'a1', 'passed'), result('b', 'b1', 'failed'), result('b', 'b2', 'failed')];
  const {results, unstable} = await secondChance(group, first, async (again) => {
    asked.push(again);
    return [result('b', 'b1', 'passed'), result('b', 'b2', 'failed')];
  });
  t.deepEqual(
    asked.map(({files, concurrency}) => ({files, concurrency})),
    [{files: ['b'], concurrency: 1}],
  );
  t.deepEqual(
    results.map(({title, outcome}) => [title, outcome]),
    [
      ['a1', 'passed'],
      ['b1', 'passed'],
      ['b2', 'failed'],
    ],
  );
  t.deepEqual(
    unstable.map(({title, details}) => [title, details]),
    [['b1', 'b1 once']],
  );
});

test('what belongs to no file has no second chance', async (t) => {
  const first = [result('', 'kernel tests', 'failed')];
  const {results} = await secondChance(group, first, async () => t.fail() as never);
  t.deepEqual(results, first);
});

test('a skip that nobody expects is a failure in CI', (t) => {
  const expected = result('a', skippedTitle('EX-27 AC_METADATA_URL', 'no service'), 'skipped');
  const without = result('a', 'EX-27 AC_METADATA_URL', 'skipped');
  const other = result('a', skippedTitle('EX-57 memory', 'no crun'), 'skipped');
  const outcomes = (inCi: boolean) => judgeSkips([expected, without, other], inCi).map(({outcome}) => outcome);
  t.deepEqual(outcomes(true), ['skipped', 'failed', 'failed']);
  t.deepEqual(outcomes(false), ['skipped', 'skipped', 'skipped']);
});

test('the last line counts', (t) => {
  const lines = report([result('a', 'x', 'passed'), result('a', 'y', 'failed'), result('a', 'z', 'skipped')]);
  t.is(lines.at(-1), '1 passed, 1 failed, 1 skipped');
  t.true(lines.includes('FAILED y'));
  t.true(lines.includes('  z: no reason given'));
});
