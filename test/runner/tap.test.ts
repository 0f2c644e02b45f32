import test from 'ava';
import {skippedTitle, skipReason} from './skipped-title.ts';
import {type Result, tapReader} from './tap.ts';

const read = (...lines: string[]) => {
  const results: Result[] = [];
  const reader = tapReader((result) => results.push(result));
  for (const line of [...lines, undefined]) reader(line);
  return results;
};

test('TAP results are read with what belongs to them', (t) => {
  const results = read(
    'TAP version 13',
    'ok 1 - a › b # c',
    '#   a comment',
    'not ok 2 - d',
    '  ---',
    '    message: ok 7 - no test',
    '  ...',
    'ok 3 - e # SKIP',
    'not ok 4 - f # TODO',
    '',
    '1..4',
    '# pass 1',
  );
  t.deepEqual(
    results.map(({title, outcome}) => [title, outcome]),
    [
      ['a › b # c', 'passed'],
      ['d', 'failed'],
      ['e', 'skipped'],
      ['f', 'failed'],
    ],
  );
  t.is(results[0]?.details, '#   a comment');
  t.is(results[1]?.details, '  ---\n    message: ok 7 - no test\n  ...');
});

test('the reason of a skipped test survives its title', (t) => {
  t.deepEqual(skipReason(skippedTitle('EX-57 memory', 'no cgroup/memory [v1]')), {
    title: 'EX-57 memory',
    reason: 'no cgroup/memory [v1]',
  });
  t.deepEqual(skipReason('EX-57 memory'), {title: 'EX-57 memory', reason: undefined});
});
