import test from 'ava';
import {parseDuration, parseWait} from '../../src/cli/duration.ts';
import {ago, fullTime} from '../../src/cli/times.ts';

const now = Date.UTC(2026, 0, 31, 12);
for (const [seconds, text] of [
  [-5, 'now'],
  [0, 'now'],
  [0.9, 'now'],
  [1, '1 second ago'],
  [59, '59 seconds ago'],
  [60, '1 minute ago'],
  [119, '1 minute ago'],
  [3600, '1 hour ago'],
  [86_400 * 2, '2 days ago'],
  [86_400 * 7, '1 week ago'],
  [86_400 * 29, '4 weeks ago'],
  [86_400 * 30, '1 month ago'],
  [86_400 * 360 * 3, '3 years ago'],
] as const)
  test(`${seconds} s before: ${text}`, (t) => t.is(ago(now - seconds * 1000, now), text));

test('a full time leaves out zeros at the end of the fraction', (t) => {
  const zone = process.env.TZ;
  process.env.TZ = 'UTC';
  t.is(fullTime(Date.UTC(2026, 0, 2, 3, 4, 5, 120)), '2026-01-02 03:04:05.12 +0000 UTC');
  t.is(fullTime(Date.UTC(2026, 0, 2, 3, 4, 5)), '2026-01-02 03:04:05 +0000 UTC');
  process.env.TZ = 'Asia/Kolkata';
  t.is(fullTime(Date.UTC(2026, 0, 2, 3, 4, 5, 7)), '2026-01-02 08:34:05.007 +0530 GMT+5:30');
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

for (const [text, milliseconds] of [
  ['0', 0],
  ['0s', 0],
  ['30m', 1_800_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['250ms', 250],
] as const)
  test(`duration ${text}`, (t) => t.is(parseDuration('grace-period', text), milliseconds));

for (const text of ['', '5', 's', '1 s', '-1s', '1d', '1e3s', `${'1s'.repeat(40)}`])
  test(`no duration: ${JSON.stringify(text)}`, (t) => {
    t.throws(() => parseDuration('grace-period', text), {code: 'RKT_FLAG_VALUE_INVALID'});
  });

for (const [value, wait] of [
  [undefined, undefined],
  ['false', undefined],
  ['0s', undefined],
  ['', Number.POSITIVE_INFINITY],
  ['true', Number.POSITIVE_INFINITY],
  ['2s', 2000],
] as const)
  test(`--wait=${value}`, (t) => t.is(parseWait('wait', value), wait));
