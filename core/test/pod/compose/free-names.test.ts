import test from 'ava';
import {freeNames} from '../../../src/pod/compose/free-names.ts';

test('a name that is taken gets a number, one that is too long is cut', (t) => {
  const free = freeNames(['web', 'web-2']);
  t.deepEqual(['data', 'web', 'web', 'data', 'web-1'].map(free) as string[], [
    'data',
    'web-1',
    'web-3',
    'data-1',
    'web-1-1',
  ]);
  const long = `${'a'.repeat(63)}-b`;
  t.deepEqual([long, long].map(free) as string[], ['a'.repeat(63), `${'a'.repeat(58)}-1`]);
});

test('S10 names that many ask for are no search through all of them', (t) => {
  const free = freeNames([]);
  const names = Array.from({length: 200_000}, (_, index) => free(`${'x'.repeat(64)}${index}`));
  t.is(new Set<string>(names).size, names.length);
});
