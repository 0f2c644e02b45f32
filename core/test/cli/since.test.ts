import test from 'ava';
import {parseSince} from '../../src/cli/since.ts';

const now = Date.UTC(2026, 0, 31, 12);

for (const [text, time] of [
  ['10m', now - 600_000],
  ['1h30m', now - 5_400_000],
  ['0', now],
  ['2026-01-31T11:00:00Z', now - 3_600_000],
  ['2026-01-31t11:00:00.5z', now - 3_599_500],
  ['2026-01-31 13:00:00+02:00', now - 3_600_000],
] as const)
  test(`--since=${text}`, (t) => t.is(parseSince(text, now), time));

for (const text of [
  '',
  'yesterday',
  '10',
  '-10m',
  '2026-01-31',
  '2026-01-31T11:00:00',
  '2026-13-31T11:00:00Z',
  '2026-01-31T11:00:00Z x',
])
  test(`no time: ${JSON.stringify(text)}`, (t) => {
    t.throws(() => parseSince(text, now), {code: 'RKT_FLAG_VALUE_INVALID'});
  });
