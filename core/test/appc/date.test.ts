import test from 'ava';
import {isDate} from '../../src/appc/date.ts';

const cases: readonly (readonly [text: string, isValid: boolean])[] = [
  ['2015-05-18T13:49:28Z', true],
  ['2015-05-18T13:49:28.351729952-04:00', true],
  ['2016-02-29T00:00:00Z', true],
  ['2000-02-29T00:00:00Z', true],
  ['2016-12-31T23:59:60Z', true],
  ['2015-05-18 13:49:28Z', false],
  ['2015-05-18t13:49:28Z', false],
  ['2015-05-18T13:49:28', false],
  ['2015-05-18', false],
  ['2015-02-29T00:00:00Z', false],
  ['1900-02-29T00:00:00Z', false],
  ['2015-04-31T00:00:00Z', false],
  ['2015-00-01T00:00:00Z', false],
  ['2015-13-01T00:00:00Z', false],
  ['2015-01-00T00:00:00Z', false],
  ['2015-01-01T24:00:00Z', false],
  ['2015-01-01T00:60:00Z', false],
  ['2015-01-01T00:00:61Z', false],
  ['2015-01-01T00:00:00+24:00', false],
  ['2015-01-01T00:00:00.Z', false],
  ['15-01-01T00:00:00Z', false],
  ['', false],
  [`2015-05-18T13:49:28.${'3'.repeat(2 ** 20)}`, false],
];
for (const [text, isValid] of cases) {
  test(`TY-07 ${JSON.stringify(text.slice(0, 40))} (${text.length}) is ${isValid ? 'a' : 'no'} timestamp`, (t) => {
    t.is(isDate(text), isValid);
  });
}
