import test from 'ava';
import {type AvaEvent, eventReader} from './read-event.ts';

const FILE = '/top/test/conformance/process.test.ts';
const stats = (declaredTests: number, remainingTests: number): AvaEvent => ({
  type: 'stats',
  stats: {byFile: new Map([[FILE, {declaredTests, remainingTests}]])},
});
const read = (...events: AvaEvent[]) => {
  const reader = eventReader('/top');
  return events.flatMap((event) => reader(event));
};
const outcomes = (...events: AvaEvent[]) =>
  read(...events).map((message) =>
    message.kind === 'result' ? [message.result.outcome, message.result.title] : [message.kind, message.file],
  );

test('a result has its file, its place and how long it took', (t) => {
  t.deepEqual(read({type: 'test-passed', testFile: FILE, title: 'EX-01 x', duration: 12.4, logs: ['said']}), [
    {
      kind: 'result',
      result: {
        file: 'test/conformance/process.test.ts',
        title: 'conformance › process › EX-01 x',
        outcome: 'passed',
        milliseconds: 12,
        details: '  said',
      },
    },
  ]);
});

test('what fails says why, without colours', (t) => {
  const err = {
    name: 'AssertionError',
    message: 'no',
    formattedDetails: [{label: 'Difference:', formatted: '\u001B[31m- 1\u001B[39m'}],
  };
  const [message] = read({type: 'test-failed', testFile: FILE, title: 'x', err});
  t.is(message?.kind === 'result' ? message.result.details : '', '  AssertionError: no\n  Difference:\n  - 1');
});

test('skipped is skipped, and to do is failed', (t) => {
  t.deepEqual(
    outcomes(
      {type: 'selected-test', testFile: FILE, title: 'a', skip: true},
      {type: 'selected-test', testFile: FILE, title: 'b', todo: true},
      {type: 'selected-test', testFile: FILE, title: 'c'},
    ),
    [
      ['skipped', 'conformance › process › a'],
      ['failed', 'conformance › process › b'],
    ],
  );
});

test('what never ended has failed', (t) => {
  const pendingTests = new Map([[FILE, new Set(['a', 'b'])]]);
  t.deepEqual(outcomes({type: 'timeout', period: 1000, pendingTests}), [
    ['failed', 'conformance › process › a'],
    ['failed', 'conformance › process › b'],
  ]);
});

test('a file that ends early, badly or without tests has failed', (t) => {
  const finished: AvaEvent = {type: 'worker-finished', testFile: FILE};
  const failed = ['failed', 'conformance › process › worker-finished'];
  const ended = ['ended', 'test/conformance/process.test.ts'];
  t.deepEqual(outcomes(stats(2, 0), finished), [ended]);
  t.deepEqual(outcomes(stats(2, 1), finished), [failed, ended]);
  t.deepEqual(outcomes(stats(0, 0), finished), [failed, ended]);
  t.deepEqual(outcomes({type: 'worker-failed', testFile: FILE, signal: 'SIGSEGV'}), [
    ['failed', 'conformance › process › worker-failed'],
    ended,
  ]);
});
