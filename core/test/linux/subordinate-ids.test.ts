import test from 'ava';
import {rangeOf} from '../../src/linux/subordinate-ids.ts';

const user = {uid: 1000, username: 'ada'};

test('the first range of a user is taken, by name or by number', (t) => {
  t.deepEqual(rangeOf('eve:100000:65536\nada:165536:65536\nada:300000:10\n', user), {first: 165_536, count: 65_535});
  t.deepEqual(rangeOf('1000:5000:10', user), {first: 5000, count: 10});
  t.is(rangeOf('', user), undefined);
  t.is(rangeOf('eve:100000:65536\n', user), undefined);
});

for (const [what, line] of [
  ['root of the host', 'ada:0:10'],
  ['the user', 'ada:990:100'],
  ['nobody', 'ada:100000:0'],
  ['ids that there are not', 'ada:4294967290:100'],
  ['a number that is none', 'ada:1e5:10'],
  ['an overlong number', 'ada:00000000100000:10'],
  ['a comment', '#ada:100000:10'],
  ['more than a line has', 'ada:100000:10:20'],
] as const) {
  test(`a line with ${what} is passed over`, (t) => {
    t.is(rangeOf(line, user), undefined);
    t.deepEqual(rangeOf(`${line}\nada:200000:10`, user), {first: 200_000, count: 10});
  });
}
