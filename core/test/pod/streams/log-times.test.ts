import test from 'ava';
import {offsetBefore, SLACK} from '../../../src/pod/streams/log-times.ts';

const SECOND = 1_000_000;
const since = SECOND * 1000 + SLACK;

for (const [what, marks, offset] of [
  ['no marks', '', 0],
  ['marks that are older', `${SECOND - 60} 100\n${SECOND - 1} 200\n`, 200],
  ['the second itself may have had later writes', `${SECOND - 1} 100\n${SECOND} 200\n`, 100],
  ['marks that are newer', `${SECOND + 1} 100\n`, 0],
  ['a clock that was put back', `${SECOND + 60} 100\n${SECOND - 60} 200\n${SECOND + 60} 300\n`, 200],
  ['a log that was cut off', `${SECOND - 60} 900\n${SECOND - 50} 10\n${SECOND + 1} 2000\n`, 10],
  ['a log that was cut off since', `${SECOND - 60} 900\n${SECOND + 1} 10\n${SECOND + 2} 2000\n`, 0],
  ['what is no mark', `\0\0${SECOND - 1} 5\n${SECOND - 1}\n-1 7\n${SECOND - 1} 1e9\n ${SECOND - 1} 9\n`, 0],
  ['a last mark that is not written to its end', `${SECOND - 2} 100\n${SECOND - 1}`, 100],
] as const)
  test(`written before for certain: ${what}`, (t) => t.is(offsetBefore(marks, since), offset));

test('the slack is for writes that go on while a mark is made', (t) => {
  t.is(offsetBefore(`${SECOND} 100\n`, since), 0);
  t.is(offsetBefore(`${SECOND} 100\n`, since + 1), 100);
});
