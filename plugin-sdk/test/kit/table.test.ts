import test from 'ava';
import {obstacle} from '../../src/kit/attempt.ts';
import {type Case, makeTable, TableError} from '../../src/kit/case.ts';
import {NoSuchCase, selectCases} from '../../src/kit/select-cases.ts';
import {table, uncovered, untried} from '../../src/kit/table.ts';
import {tap} from '../../src/kit/tap.ts';
import type {Promised} from '../../src/kit/world.ts';

const one = (more: Partial<Case> = {}): Case => ({
  id: 'EX-1/one',
  title: 'one',
  needs: ['run'],
  attempt: async () => {},
  ...more,
});

const wrong: Readonly<Record<string, readonly Case[]>> = {
  'a case that is there twice': [one(), one({title: 'another'})],
  'a case about nothing': [one({needs: []})],
  'a name that the contract does not have': [one({needs: ['os/linux/landlock' as 'run']})],
  'a name that the contract does not have, to be without': [one({without: ['flying' as 'run']})],
  'with and without the same': [one({without: ['run']})],
  'an ID of another form': [one({id: 'one'})],
  'an ID with a space': [one({id: 'EX-1/one two'})],
};
for (const [what, cases] of Object.entries(wrong)) {
  test(`a table is refused for ${what}`, (t) => {
    t.throws(() => makeTable(cases), {instanceOf: TableError});
  });
}

test('every name of the contract has a case, or a reason why it has none, and never both', (t) => {
  t.deepEqual(uncovered(), []);
  const tried = new Set(table.flatMap(({needs}) => needs as readonly string[]));
  t.deepEqual(
    Object.keys(untried).filter((name) => tried.has(name)),
    [],
  );
});

const promised =
  (levels: Readonly<Record<string, Promised>>) =>
  (name: string): Promised =>
    levels[name] ?? {level: 'enforced', here: 'enforced'};

test('what is not declared is not tried, and what the host lacks is skipped', (t) => {
  const levels = {
    hostname: {level: 'impossible', here: 'impossible', because: 'shared'},
    ready: {level: 'not-applicable', here: 'not-applicable'},
    'resource/memory': {level: 'enforced', here: 'impossible', because: 'no controller'},
  } as const;
  const look = (more: Partial<Case>) => obstacle({promised: promised(levels)}, one(more))?.result;
  t.is(look({}), undefined);
  t.is(look({needs: ['run', 'hostname']}), 'not declared');
  t.is(look({needs: ['ready']}), 'not declared');
  t.is(look({needs: ['resource/memory']}), 'skipped');
  t.is(look({needs: ['resource/memory', 'hostname']}), 'not declared');
  t.is(look({without: ['hostname']}), undefined);
  t.is(look({without: ['resource/memory']}), 'not declared');
});

test('cases are selected by ID, by what is above it, and by pattern', (t) => {
  const cases = [one(), one({id: 'EX-1/two', title: 'a second'}), one({id: 'EX-12/one', title: 'third'})];
  const ids = (selection: Parameters<typeof selectCases>[0]) => selectCases(selection, cases).map(({id}) => id);
  t.deepEqual(ids({}), ['EX-1/one', 'EX-1/two', 'EX-12/one']);
  t.deepEqual(ids({ids: ['EX-1']}), ['EX-1/one', 'EX-1/two']);
  t.deepEqual(ids({ids: ['EX-1/two', 'EX-12']}), ['EX-1/two', 'EX-12/one']);
  t.deepEqual(ids({ids: ['EX-1/t*', '*2/one']}), ['EX-1/two', 'EX-12/one']);
  t.deepEqual(ids({match: '*/one'}), ['EX-1/one', 'EX-12/one']);
  t.deepEqual(ids({match: 'a sec*d'}), ['EX-1/two']);
  t.deepEqual(ids({match: '*', ids: ['EX-12']}), ['EX-12/one']);
  for (const selection of [
    {ids: ['EX-3']},
    {ids: ['EX-3*']},
    {match: 'one*one'},
    {match: 'nothing*'},
    {ids: ['EX-12'], match: 'EX-1/*'},
  ])
    t.throws(() => ids(selection), {instanceOf: NoSuchCase});
});

test('a report as TAP', (t) => {
  const outcome = {id: 'EX-1/one', title: 'one #1', needs: ['run' as const], milliseconds: 1};
  t.deepEqual(
    tap({
      outcomes: [
        {...outcome, result: 'passed'},
        {...outcome, result: 'failed', because: 'two\nlines'},
        {...outcome, result: 'skipped', because: 'no cgroup'},
      ],
    }),
    [
      'TAP version 14',
      '1..3',
      'ok 1 - EX-1/one one \\#1',
      'not ok 2 - EX-1/one one \\#1',
      '  ---',
      '  because: "two\\nlines"',
      '  ...',
      'ok 3 - EX-1/one one \\#1 # SKIP skipped: no cgroup',
    ],
  );
});
